// The answers that every SMP server of a lock gives alike, as bodies: CBOR maps with
// their keys in the order of the alphabet, as nlohmann-json keeps a map.
#pragma once

#include "rig/protocol/smp_header.hpp"

namespace lockrig::twin {

/// The whole message that answers `request`.
Bytes smp_answer(const smp::Header& request, ByteView body);

/// `{rc}`
Bytes rc_body(int rc);
Bytes params_body(std::size_t buf_size, std::size_t buf_count);
/// What an echo asked for; an error if it asked for nothing.
Bytes echo_body(ByteView request);

}  // namespace lockrig::twin
