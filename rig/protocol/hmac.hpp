// HMAC-SHA256 (RFC 2104), over OpenSSL 3.
#pragma once

#include "rig/protocol/signing.hpp"

namespace lockrig::image {

/// `key` of any length, also of none.
Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace lockrig::image
