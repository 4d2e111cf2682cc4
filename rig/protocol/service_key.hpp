// What opens a lock's service port to writes: the lock gives a nonce (group 64,
// challenge), whoever has the unit's key answers with a MAC over it (unlock). The key
// itself is never on the line, so that no trace or journal holds it.
#pragma once

#include <array>
#include <string_view>

#include "rig/protocol/signing.hpp"

namespace lockrig::smp {

using Nonce = std::array<std::uint8_t, 16>;

/// HMAC-SHA256(key, "lockrig service" || serial || nonce).
image::Digest service_mac(ByteView key, std::string_view serial, const Nonce& nonce);

/// The key of a twin that was given none: from its serial, which everybody knows. It
/// protects nothing.
Bytes twin_service_key(std::string_view serial);

}  // namespace lockrig::smp
