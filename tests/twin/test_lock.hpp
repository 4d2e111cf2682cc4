// A lock model with plain values, and images for it, for the tests of the twin.
#pragma once

#include "rig/protocol/image_create.hpp"
#include "rig/twin/build.hpp"
#include "rig/twin/lock_board.hpp"

namespace lockrig::twin {

inline const image::SigningKey& test_key() {
  static const image::SigningKey key =
      image::SigningKey::from_pem_file(LOCKRIG_ROOT "/fixtures/keys/release.pem");
  return key;
}

inline LockModel test_model(Strategy strategy) {
  LockModel m;
  m.name = strategy == Strategy::swap_move ? "6000i" : "7000i";
  m.vendor.bytes[0] = 1;
  m.device_class.bytes[0] = strategy == Strategy::swap_move ? 6 : 7;
  m.trusted = {test_key().public_key()};
  m.strategy = strategy;
  m.slot0 = {"slot0", 8 * kSectorSize, 6 * kSectorSize};
  m.slot1 = {"slot1", 14 * kSectorSize, 6 * kSectorSize};
  m.settings = {"settings", 20 * kSectorSize, 4 * kSectorSize};
  m.log = {"log", 24 * kSectorSize, 4 * kSectorSize};
  m.sectors = 28;
  std::vector<mpsse::KeypadMap::Key> keys;
  for (int digit = 0; digit < 10; ++digit)
    keys.emplace_back(std::to_string(digit), digit);
  keys.emplace_back("enter", 10);
  keys.emplace_back("lock", 11);
  keys.emplace_back("R", 15);
  m.keys = mpsse::KeypadMap(keys);
  m.bolt_travel = 400ms;
  m.bolt_stall = 2s;
  m.baud = 115200;
  m.smp_buffer = 2048;
  m.smp_buffers = 4;
  m.debounce = 25ms;
  m.entry_timeout = 10s;
  m.auto_lock = 5s;
  m.wrong_code_limit = 3;
  m.lock_out = 60s;
  m.heartbeat = 3600s;
  m.retry_first = 30s;
  m.trial_window = 600s;
  m.watchdog = 8s;
  m.boot_loader = 50ms;
  m.start_up = 250ms;
  m.portal_host = "portal";
  m.portal_port = 80;
  m.function_add = "1";
  m.function_delete = "2";
  m.function_change = "3";
  m.function_programming = "4";
  m.function_mute = "160";
  m.function_unmute = "161";
  m.function_contact = "411";
  return m;
}

inline Bytes test_image(const LockModel& m, std::uint8_t minor,
                        Behaviour behaviour = Behaviour::good,
                        std::size_t size = 3 * kSectorSize) {
  image::Recipe recipe;
  recipe.version = {2, minor, 0, 0};
  recipe.identity = {m.vendor, m.device_class, 1, minor};
  recipe.body = make_body({m.name, recipe.version.to_string(), behaviour},
                          size - image::overhead());
  return image::create(recipe, test_key());
}

}  // namespace lockrig::twin
