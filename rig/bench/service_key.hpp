// The key that a station's lock demands of who writes by its service port: a secret, so
// it is in the environment and in no file.
#pragma once

#include <optional>

#include "rig/bench/bench_file.hpp"
#include "rig/lock/client.hpp"

namespace lockrig::bench {

/// What the rig shows that lock; nullopt where its board demands nothing, or a text
/// console has no way to ask.
/// $LOCKRIG_SERVICE_KEY_<STATION> (a - is written _), else $LOCKRIG_SERVICE_KEY: 16 to
/// 64 bytes in hex. Without either a twin has a key that comes from its serial.
/// std::invalid_argument, which names the variable and not what is in it, for any other
/// lock then, and for a value that is no key.
std::optional<lock::Credential> service_credential(const StationEntry& entry,
                                                   const BoardFile& board, Kind kind);

/// The key of a twin in that station: what the rig shows it; empty if it demands none.
Bytes twin_service_key(const StationEntry& entry, const BoardFile& board, Kind kind);

}  // namespace lockrig::bench
