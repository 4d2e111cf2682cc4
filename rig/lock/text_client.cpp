#include "rig/lock/text_client.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "rig/core/printable.hpp"
#include "rig/lock/block_push.hpp"

namespace lockrig::lock {
namespace {

using Groups = std::map<std::string, std::string>;

/// 0 for what is no number, as for what is not told.
std::uint32_t number_in(const Groups& groups, const std::string& name) {
  const auto found = groups.find(name);
  std::uint32_t value = 0;
  if (found == groups.end()) return value;
  const char* const end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? value : 0;
}

std::string text_in(const Groups& groups, const std::string& name) {
  const auto found = groups.find(name);
  return found == groups.end() ? "" : found->second;
}

Failure untold(const char* what) {
  return {Failure::Kind::refused, fmt::format("{}: the profile has no command", what)};
}

/// A console that keeps what is read from it: a loader's words come with the bytes that
/// a transfer waits for.
class Overheard final : public ByteStream {
 public:
  explicit Overheard(ByteStream& console) : console_(console) {}

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    const ReadResult read = co_await console_.read_some(into, until);
    bytes_.insert(bytes_.end(), into.begin(),
                  into.begin() + static_cast<std::ptrdiff_t>(read.count));
    co_return read;
  }
  Task<StreamStatus> write(ByteView data) override { return console_.write(data); }
  void close() override { console_.close(); }
  const Bytes& bytes() const { return bytes_; }

 private:
  ByteStream& console_;
  Bytes bytes_;
};

}  // namespace

TextClient::TextClient(World& world, station::Console& console, std::string station,
                       const TextProfile& profile)
    : world_(world),
      station_(station),
      profile_(profile),
      console_(world, console, std::move(station)) {}

bool TextClient::answers(const char* command, const char* group) const {
  const auto found = profile_.commands.find(command);
  return found != profile_.commands.end() && found->second.answer.has_group(group);
}

bool TextClient::tells(Topic topic) const {
  const auto told = [this](const char* group) {
    return answers("version", group) || answers("state", group);
  };
  switch (topic) {
    case Topic::version:
      return told("version");
    case Topic::identity:
      return told("model") && told("revision") && told("serial");
    case Topic::boots:
      return told("boots");
    case Topic::codes:
      return told("codes");
    case Topic::update:
      return profile_.update.has_value();
    case Topic::recovery:
      return profile_.recovery.has_value();
    case Topic::trial:
    case Topic::log:
    case Topic::images:
      break;
  }
  return false;
}

Task<std::optional<Banner>> TextClient::next_start(Instant until) {
  std::string seen;
  for (const TextProfile::Step& step : profile_.login) {
    auto found = co_await console_.expect(step.expect, until);
    if (!found) co_return std::nullopt;
    seen += found->text;
    if (!step.send.empty()) co_await console_.type(step.send);
  }
  // What says that it booted may have stood before the login.
  auto booted = profile_.booted.search(seen);
  if (!booted) {
    auto found = co_await console_.expect(profile_.booted, until);
    if (!found) co_return std::nullopt;
    booted = std::move(found->match);
  }
  const Groups& groups = booted->groups;
  co_return Banner{text_in(groups, "board"), text_in(groups, "version"),
                   number_in(groups, "boots"), text_in(groups, "cause")};
}

Task<std::optional<std::string>> TextClient::next_text(Instant until) {
  static const Pattern kLine("^[^\n]*\n");
  auto found = co_await console_.expect(kLine, until);
  if (!found) co_return std::nullopt;
  found->text.pop_back();
  co_return std::move(found->text);
}

Task<Reply<std::string>> TextClient::command(std::string text, Duration within) {
  co_return co_await console_.command(std::move(text), profile_, world_.now() + within);
}

Task<Reply<Groups>> TextClient::ask(std::string name) {
  const auto found = profile_.commands.find(name);
  if (found == profile_.commands.end()) {
    throw std::invalid_argument(profile_.file + " has no command " + name);
  }
  const TextProfile::Command& asked = found->second;
  auto reply = co_await command(asked.send, asked.limit);
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  const std::string& answer = std::get<std::string>(reply);
  auto match = asked.answer.search(answer);
  if (!match) {
    co_return Failure{Failure::Kind::malformed,
                      fmt::format("{}: \"{}\" does not match /{}/", name,
                                  printable(answer), asked.answer.text())};
  }
  co_return std::move(match->groups);
}

Task<Reply<State>> TextClient::state() {
  State state;
  bool asked = false;
  for (const char* name : {"version", "state"}) {
    if (!profile_.commands.contains(name)) continue;
    asked = true;
    auto reply = co_await ask(name);
    if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
    const Groups& groups = std::get<Groups>(reply);
    for (const auto& [group, field] :
         {std::pair{"version", &state.version}, std::pair{"model", &state.model},
          std::pair{"revision", &state.revision}, std::pair{"serial", &state.serial},
          std::pair{"cause", &state.cause}}) {
      if (groups.contains(group)) *field = groups.at(group);
    }
    for (const auto& [group, field] :
         {std::pair{"boots", &state.boots}, std::pair{"codes", &state.codes},
          std::pair{"log", &state.log}}) {
      if (groups.contains(group)) *field = number_in(groups, group);
    }
  }
  if (!asked) co_return untold("state");
  state.set_up = true;  // no text console tells otherwise
  co_return state;
}

Task<Reply<std::vector<LogEvent>>> TextClient::log(std::uint32_t) {
  co_return untold("log");
}

Task<Reply<std::vector<ImageSlot>>> TextClient::images() { co_return untold("images"); }

Task<Push> TextClient::push(ByteView image, Progress progress) {
  if (!profile_.update) co_return Push{.refusal = {}, .failure = untold("update")};
  co_return co_await hand_over(*profile_.update, image, std::move(progress));
}

Task<Push> TextClient::recover(ByteView image, Progress progress) {
  if (!profile_.recovery) co_return Push{.refusal = {}, .failure = untold("recovery")};
  co_return co_await hand_over(*profile_.recovery, image, std::move(progress));
}

Task<Push> TextClient::hand_over(const TextProfile::Update& update, ByteView image,
                                 Progress progress) {
  console_.discard();
  if (!update.send.empty()) {
    const StreamStatus typed = co_await console_.type(update.send + profile_.line_end);
    if (typed != StreamStatus::ok) {
      co_return Push{.refusal = {},
                     .failure = Failure{Failure::Kind::closed, "update: no console"}};
    }
  }
  ymodem::Offer offer;
  offer.protocol = update.protocol;
  offer.name = update.name;
  offer.limits.start = update.limit;
  Overheard console(console_.console());
  Push push = co_await push_by_blocks(world_, console, station_, image,
                                      std::move(offer), std::move(progress));
  console_.hear(console.bytes());
  const bool cancelled =
      push.failure && push.failure->kind == Failure::Kind::refused && update.refused;
  if (!push.accepted && !cancelled) co_return push;
  co_await hear_verdict(update, push);
  if (push.accepted && !update.then.empty()) {
    const StreamStatus typed = co_await console_.type(update.then + profile_.line_end);
    if (typed != StreamStatus::ok) {
      push.failure = Failure{Failure::Kind::closed,
                             "update: the console is dead, nobody asked for a restart"};
    }
  }
  co_return push;
}

/// The board's own word on what it was given.
Task<void> TextClient::hear_verdict(const TextProfile::Update& update, Push& push) {
  std::vector<Pattern> words;
  if (update.refused) words.push_back(*update.refused);
  if (update.accepted) words.push_back(*update.accepted);
  if (words.empty()) co_return;
  const auto word =
      co_await console_.expect_one(std::move(words), world_.now() + update.limit);
  if (!word) {
    const bool silence_is_consent = push.accepted && !update.accepted;
    if (silence_is_consent || push.failure) co_return;
    push.accepted = false;
    push.failure = Failure{
        console_.console().live() ? Failure::Kind::timed_out : Failure::Kind::closed,
        fmt::format("update: no word on the image, but \"{}\"",
                    printable(console_.pending()))};
  } else if (update.refused && word->which == 0) {
    const std::string reason = text_in(word->found.match.groups, "reason");
    push.accepted = false;
    push.failure.reset();
    push.refusal = reason.empty() ? "REFUSED" : reason;
  }
}

}  // namespace lockrig::lock
