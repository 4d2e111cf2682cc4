// The part of a bench file that says which devices a real station is made of.
#pragma once

#include "rig/bench/bench_file.hpp"
#include "rig/bench/toml_file.hpp"

namespace lockrig::bench {

/// Reads gpio, console, supply, portal, wiring and probe of the station in `table`.
/// BadInput for every mistake.
void read_devices(const TomlFile& file, const std::string& table,
                  const std::filesystem::path& boards_dir, StationEntry& station);

/// "ADDRESS:PORT" of this host.
std::string read_portal(const TomlFile& file, const std::string& key);

/// Refuses what one station shares with another: a channel, a serial line, a portal.
void check_devices_apart(const TomlFile& file, const std::string& table,
                         const StationEntry& station, const StationEntry& other);

/// [stations.A1.supply]: its limits and what a full battery gives; on a real bench its
/// serial line and, where they are not the usual ones, its commands for a trip.
SupplyEntry read_supply(const TomlFile& file, const std::string& key, bool real);

}  // namespace lockrig::bench
