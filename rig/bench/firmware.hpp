// How a station's console is spoken to, by its bench file.
#pragma once

#include <memory>
#include <optional>

#include "rig/bench/bench_file.hpp"
#include "rig/lock/client.hpp"
#include "rig/station/station.hpp"

namespace lockrig::bench {

/// Text by the station's profile, where it has one, else SMP, with the credential if
/// there is one. REQUIRES: the station has a console. World, station and entry outlive
/// it.
std::unique_ptr<lock::Firmware> make_firmware(World& world, station::Station& station,
                                              const StationEntry& entry,
                                              std::optional<lock::Credential> shown);

}  // namespace lockrig::bench
