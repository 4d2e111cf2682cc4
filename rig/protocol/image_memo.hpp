// Remembered digests and signature verdicts. A simulated trial verifies the same few
// images about six times, and a sweep does so a thousand times a second. Measured for
// an image of 64 KiB (OpenSSL 3.0 with SHA-NI, -O3): SHA-256 37 us, an ed25519
// verification 102 us; all of verify() with both remembered 2.5 us. It is honest to
// remember them: both are pure functions of the bytes they are given, so a remembered
// answer is the answer, and neither simulated time nor a trace can tell the difference.
// The memory is per thread and bounded.
#pragma once

#include "rig/core/units.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::image {

/// sha256(bytes). The bytes are told apart by their length and XXH3-128: no two inputs
/// collide by chance (2^-64 after 2^32 images), though someone who made two images for
/// the purpose could have them confused. A rig judges locks, it does not guard them.
Digest remembered_sha256(ByteView bytes);

/// key.verify(digest, signature), told apart by all their bytes.
bool remembered_verify(const PublicKey& key, const Digest& digest,
                       const Signature& signature);

}  // namespace lockrig::image
