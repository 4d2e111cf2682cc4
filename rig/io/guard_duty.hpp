// What the guard does: waits for the rig's death, then makes one station safe.
//
// Safe, with on_exit "off", is a reset of the bit mode: every pin an input at once, so
// that the wiring's pulls open the keys and take the power away. The reset is a control
// request that needs no claim of the interface: it works even while the kernel is still
// taking the dead rig's descriptors apart. With "keep" and the power on, the outputs
// are set idle but for the power lines, which stay as they are; if the chip does not
// answer as MPSSE does, it is reset all the same: keys first, power second.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rig/core/units.hpp"
#include "rig/io/guard.hpp"

namespace lockrig::io {

/// Words from the rig, a byte each.
inline constexpr char kPowerOn = 'p';
inline constexpr char kPowerOff = 'o';
inline constexpr char kQuit = 'q';
/// The guard's one word back: it is on watch.
inline constexpr char kOnWatch = 'r';

/// Where the guard has the lock of its station.
inline constexpr int kGuardLock = 3;

/// A chip as the guard handles it. Channels are 0 for A. Everything throws
/// std::runtime_error on a device that fails.
class GuardDevice {
 public:
  virtual ~GuardDevice() = default;
  /// Every pin of the channel an input. Needs no claim.
  virtual void reset(int channel) = 0;
  /// For purge(), write() and read(). False while another process has the channel.
  virtual bool claim(int channel) = 0;
  /// Drops commands that wait in the chip, and answers.
  virtual void purge(int channel) = 0;
  virtual void write(int channel, ByteView commands) = 0;
  /// What the chip has answered within some milliseconds, maybe nothing.
  virtual Bytes read(int channel) = 0;
};

/// Throws std::runtime_error if there is no such chip on the bus.
using OpenGuardDevice =
    std::function<std::unique_ptr<GuardDevice>(const GuardConfig& config)>;

/// The guard's time, which a test replaces.
struct GuardTime {
  std::function<Instant()> now;
  /// Lets a little time pass between two attempts.
  std::function<void()> pause;
};

struct SafeEnd {
  bool safe = false;
  std::string what;  // what was reached, or why not
};

/// Of the guard's second, what is left for claiming the channel that a dying rig still
/// has, and for the chip's answer: the longest single wait command takes 0.52 s (65536
/// bytes of 8 clocks at 1 MHz, AN_108), and a command under way may not be purged.
inline constexpr Duration kClaimLimit = 300ms;
inline constexpr Duration kAnswerLimit = 600ms;
/// After which a chip that is not there, or fails, is given up.
inline constexpr Duration kSafeLimit = 1s;

SafeEnd make_safe(const GuardConfig& config, bool power_on, const OpenGuardDevice& open,
                  const GuardTime& time);

/// The program: from its arguments to its exit status. 0 released or safe, 1 not safe,
/// 2 usage. Standard input is the line to the rig.
int run_guard(const std::vector<std::string>& arguments, const OpenGuardDevice& open);

}  // namespace lockrig::io
