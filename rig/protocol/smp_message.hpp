// SMP messages: a header and a CBOR map. Source: Zephyr,
// doc/services/device_mgmt/smp_protocol.rst.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "rig/core/units.hpp"
#include "rig/protocol/smp_header.hpp"

namespace lockrig::smp {

struct Message {
  Header header;  ///< encode() fills in the length
  nlohmann::json body = nlohmann::json::object();
};

/// Throws std::invalid_argument if the body is not a map or exceeds 65535 bytes.
Bytes encode(const Message& message);

/// nullopt if any byte is amiss: the header's length must be that of the body, the body
/// one CBOR map with text keys (definite or indefinite; MCUboot answers with the
/// latter) of valid UTF-8 and bounded depth. A body of no bytes counts as an empty map.
std::optional<Message> decode(ByteView message);

/// A request that was refused.
struct Error {
  /// The group whose own code `rc` is; kNoGroup: `rc` is one of the common codes.
  int group;
  int rc;

  bool operator==(const Error&) const = default;
};
inline constexpr int kNoGroup = -1;

/// What a response says went wrong, in either form; nullopt if nothing did (rc 0 is no
/// error). An error that cannot be read is {kNoGroup, kRcUnknown}: never a success.
std::optional<Error> error_of(const nlohmann::json& body);

/// `{rc}`: the form of v1, and of v2 for faults of the protocol itself.
nlohmann::json error_v1(int rc);
/// `{err: {group, rc}}`.
nlohmann::json error_v2(int group, int rc);

}  // namespace lockrig::smp
