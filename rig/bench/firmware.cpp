#include "rig/bench/firmware.hpp"

#include "rig/lock/text_client.hpp"

namespace lockrig::bench {

std::unique_ptr<lock::Firmware> make_firmware(World& world, station::Station& station,
                                              const StationEntry& entry,
                                              std::optional<lock::Credential> shown) {
  if (entry.profile == nullptr) {
    return std::make_unique<lock::Client>(world, *station.console, entry.name,
                                          std::move(shown));
  }
  return std::make_unique<lock::TextClient>(world, *station.console, entry.name,
                                            *entry.profile);
}

}  // namespace lockrig::bench
