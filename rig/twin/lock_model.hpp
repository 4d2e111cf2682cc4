// What a kind of lock is, as plain values: fixtures/boards/<model>/board.toml holds the
// numbers, with the source of each.
#pragma once

#include <string>

#include "rig/protocol/image.hpp"
#include "rig/protocol/keypad_map.hpp"
#include "rig/protocol/signing.hpp"
#include "rig/twin/nor_flash.hpp"
#include "rig/twin/rail.hpp"

namespace lockrig::twin {

/// How a new image comes to run (MCUboot, docs/design.md).
enum class Strategy { swap_move, direct_xip };

/// What four AA cells still can.
struct Battery {
  /// At or below: four red, then eight (domain facts, "Power"). [sourced]
  int low_mv = 4250;
  int very_low_mv = 3750;
  /// How far cells that are nearly empty (at or below low_mv) give way to the motor:
  /// 0.4 A at some 0.5 ohm. [assumed]
  int sag_mv = 200;
  /// Below: the bolt is not moved. The brown-out of rail.hpp and the sag. [assumed]
  int motor_mv = 3700;
};

struct LockModel {
  std::string name;     // "6000i"
  char revision = 'A';  // of the board
  image::Uuid vendor;
  image::Uuid device_class;
  image::PublicKeys trusted;

  // Flash
  Strategy strategy = Strategy::swap_move;
  std::uint32_t sectors = 0;
  Region slot0, slot1, settings, log;
  FlashTiming flash;

  // Body
  mpsse::KeypadMap keys{{}};
  RailModel rail;
  Battery battery;
  Duration bolt_travel{};
  Duration bolt_stall{};  // the drive gives up after this

  // Console
  int baud = 0;
  std::size_t smp_buffer = 0;  // bytes of one message
  int smp_buffers = 0;         // messages it takes ahead

  // Behaviour
  Duration debounce{};
  Duration entry_timeout{};  // an unfinished code is forgotten
  Duration auto_lock{};
  int wrong_code_limit = 0;
  Duration lock_out{};
  Duration heartbeat{};
  Duration retry_first{};   // after a failed check-in, doubling up to the heartbeat
  Duration trial_window{};  // an update that is not confirmed by then is taken back
  Duration watchdog{};
  Duration boot_loader{};  // from reset to the first flash access
  Duration start_up{};     // from the boot loader to a working lock
  std::string portal_host;
  int portal_port = 0;

  // Keypad functions, after the programming code
  std::string function_add, function_delete, function_change, function_programming,
      function_mute, function_unmute, function_contact;

  std::string board() const { return name + "-" + revision; }
  bool fits(const image::Identity& id) const {
    return id.vendor == vendor && id.device_class == device_class;
  }
};

/// One unit of a model as it leaves the factory.
struct Unit {
  std::string serial;
  std::string user_code;         // on its slip
  std::string programming_code;  // on its slip
  /// What opens its service port to writes. Empty: the port demands none.
  Bytes service_key{};
};

}  // namespace lockrig::twin
