// Takes an image, by whatever way it comes, and judges it before it may run. There is
// one such place, so that no way in has a weaker check than another.
#pragma once

#include <optional>
#include <string>

#include "rig/twin/audit_log.hpp"
#include "rig/twin/boot_loader.hpp"
#include "rig/twin/peripherals.hpp"
#include "rig/twin/settings.hpp"

namespace lockrig::twin {

/// Why an image is not taken. The numbers are the lock group's codes on the wire.
enum class Refusal {
  none = 0,
  model = 1,
  revision = 2,
  downgrade = 3,
  signature = 4,
  format = 5,
  size = 6,
  state = 7,  // another update has not ended
  /// Of the service port alone, for every write: nobody has unlocked it.
  locked = 8,
};

/// How an image comes.
enum class Way { air, serial };

/// In capitals, as logged and reported: "MODEL".
const char* to_string(Refusal refusal);

class Updater {
 public:
  Updater(Peripherals& p, Settings& settings, AuditLog& log, const Boot& boot,
          std::uint32_t boots);

  /// Starts over with an image of `size` bytes. Nothing is written before the image's
  /// header is there and has been accepted.
  Task<Refusal> begin(std::size_t size, Way way = Way::air);
  /// The next bytes, in order. After the last one the whole image is verified.
  Task<Refusal> append(ByteView data);
  std::size_t received() const { return received_; }
  std::size_t expected() const { return expected_; }
  /// The image is whole and good.
  bool staged() const { return staged_; }
  const image::Digest& digest() const { return digest_; }
  /// Marks it to be tried at the next boot. REQUIRES: staged().
  Task<void> request();

  /// The newest refusal of this boot, for the portal: "MODEL 2.5.0"; empty for none.
  const std::string& last_refusal() const { return last_refusal_; }

  /// The slots as a service tool lists them.
  struct Slot {
    int number;
    image::Version version;
    image::Digest digest;
    bool active, confirmed, pending;
  };
  std::vector<Slot> slots() const;

 private:
  Refusal judge_header() const;
  Task<Refusal> judge_whole();
  Task<Refusal> refuse(Refusal refusal);
  Task<void> make_room();
  Task<void> write(ByteView data);
  std::uint32_t capacity() const;

  Peripherals& p_;
  Settings& settings_;
  AuditLog& log_;
  const Boot& boot_;
  std::uint32_t boots_;
  Region staging_;
  Bytes head_;  // until the header is whole
  Way way_ = Way::air;
  std::size_t expected_ = 0;
  std::size_t received_ = 0;
  std::uint32_t written_ = 0;
  bool active_ = false;
  bool staged_ = false;
  bool requested_ = false;
  image::Digest digest_{};
  image::Version version_;
  std::string last_refusal_;
};

}  // namespace lockrig::twin
