// Remembered digests and signature verdicts. A simulated trial verifies the same few
// images about six times, and a sweep does so a thousand times a second. Measured for
// an image of 64 KiB (OpenSSL 3.0 with SHA-NI, -O3): SHA-256 37 us, an ed25519
// verification 102 us. It is honest to remember them: both are pure functions of the
// bytes they are given, so a remembered answer is the answer, and neither simulated
// time nor a trace can tell the difference. The memory is per thread and bounded.
#pragma once

#include "rig/core/units.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::image {

/// sha256(bytes), told apart by all of them: a comparison with what is remembered costs
/// less than a hash of it (36 k instead of 186 k instructions a forked trial,
/// callgrind).
Digest remembered_sha256(ByteView bytes);

/// key.verify(digest, signature), told apart by all their bytes.
bool remembered_verify(const PublicKey& key, const Digest& digest,
                       const Signature& signature);

}  // namespace lockrig::image
