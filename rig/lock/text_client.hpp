// A firmware that speaks plain text, by a profile.
#pragma once

#include <string>

#include "rig/lock/firmware.hpp"
#include "rig/lock/text_console.hpp"
#include "rig/lock/text_profile.hpp"

namespace lockrig::lock {

class TextClient final : public Firmware {
 public:
  /// World, console and profile outlive the client. `station` names it in a RigError.
  TextClient(World& world, station::Console& console, std::string station,
             const TextProfile& profile);

  bool tells(Topic topic) const override;
  /// After the login of the profile, where it has one.
  Task<std::optional<Banner>> next_start(Instant until) override;
  Task<std::optional<std::string>> next_text(Instant until) override;
  void discard() override { console_.discard(); }
  Task<Reply<State>> state() override;
  Task<Reply<std::vector<LogEvent>>> log(std::uint32_t after) override;
  Task<Reply<std::vector<ImageSlot>>> images() override;
  Task<Push> push(ByteView image, Progress progress) override;
  Task<Push> recover(ByteView image, Progress progress) override;

  /// A command of the profile by its name: the groups of its answer. An answer that
  /// does not match is malformed, and says so beside the pattern.
  /// std::invalid_argument for a name that the profile does not have.
  Task<Reply<std::map<std::string, std::string>>> ask(std::string name);
  /// Any command: what it answered, up to the prompt.
  Task<Reply<std::string>> command(std::string text, Duration within);
  TextConsole& console() { return console_; }
  const TextProfile& profile() const { return profile_; }

 private:
  Task<Push> hand_over(const TextProfile::Update& update, ByteView image,
                       Progress progress);
  Task<void> hear_verdict(const TextProfile::Update& update, Push& push);
  bool answers(const char* command, const char* group) const;

  World& world_;
  std::string station_;
  const TextProfile& profile_;
  TextConsole console_;
};

}  // namespace lockrig::lock
