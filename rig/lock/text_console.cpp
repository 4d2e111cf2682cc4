#include "rig/lock/text_console.hpp"

#include <fmt/format.h>

#include <utility>

#include "rig/core/error.hpp"
#include "rig/core/printable.hpp"

namespace lockrig::lock {
namespace {

constexpr char kEscape = '\x1b';

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kSpace) + 1 - first));
}

}  // namespace

TextConsole::TextConsole(World& world, station::Console& console, std::string station)
    : world_(world), console_(console), station_(std::move(station)) {}

void TextConsole::discard() {
  console_.discard();
  text_.clear();
  escape_ = Escape::none;
}

Task<StreamStatus> TextConsole::read(Instant until) {
  const ReadResult got = co_await console_.read_some(buffer_, until);
  if (got.status == StreamStatus::failed) {
    throw RigError(station_, "console", "reading failed", "the console's cable");
  }
  hear(ByteView(buffer_.data(), got.count));
  co_return got.status;
}

/// ANSI: ESC, then "[" and all up to a letter, or one character.
void TextConsole::hear(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == kEscape) {
      escape_ = Escape::begun;
    } else if (escape_ == Escape::begun) {
      escape_ = c == '[' ? Escape::sequence : Escape::none;
    } else if (escape_ == Escape::sequence) {
      if (c >= '@' && c <= '~') escape_ = Escape::none;
    } else if (c != '\r' && c != '\0') {
      text_ += c;
    }
  }
  if (text_.size() > kMost) text_.erase(0, text_.size() - kMost);
}

Task<std::optional<TextConsole::Found>> TextConsole::expect(const Pattern& pattern,
                                                            Instant until) {
  std::vector<Pattern> one{pattern};
  auto found = co_await expect_one(std::move(one), until);
  if (!found) co_return std::nullopt;
  co_return std::move(found->found);
}

Task<std::optional<TextConsole::FoundOne>> TextConsole::expect_one(
    std::vector<Pattern> patterns, Instant until) {
  for (StreamStatus status = StreamStatus::ok;;) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      auto match = patterns[i].search(text_);
      if (!match) continue;
      FoundOne one{i, {text_.substr(0, match->end), std::move(*match)}};
      text_.erase(0, one.found.match.end);
      co_return one;
    }
    if (status != StreamStatus::ok) co_return std::nullopt;
    status = co_await read(until);
  }
}

Task<StreamStatus> TextConsole::type(std::string text) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const ByteView view(bytes, text.size());
  const StreamStatus status = co_await console_.write(view);
  if (status == StreamStatus::failed) {
    throw RigError(station_, "console", "writing failed", "the console's cable");
  }
  co_return status;
}

Task<Reply<std::string>> TextConsole::command(std::string text,
                                              const TextProfile& profile,
                                              Instant until) {
  // What came before is no answer, nor is the prompt behind it.
  StreamStatus more = StreamStatus::ok;
  while (more == StreamStatus::ok) more = co_await read(world_.now());
  text_.clear();
  const StreamStatus typed = co_await type(text + profile.line_end);
  if (typed != StreamStatus::ok) {
    co_return Failure{Failure::Kind::closed, text + ": the console is dead"};
  }
  const Instant from = world_.now();
  auto found = co_await expect(profile.prompt, until);
  if (!found) {
    const Failure::Kind kind =
        console_.live() ? Failure::Kind::timed_out : Failure::Kind::closed;
    co_return Failure{
        kind,
        fmt::format("{}: no prompt /{}/ within {:.1f} s, but \"{}\"", text,
                    profile.prompt.text(), to_seconds(until - from), printable(text_))};
  }
  std::string_view answer(found->text);
  answer = answer.substr(0, found->match.begin);
  if (answer.starts_with(text + "\n")) answer.remove_prefix(text.size());
  co_return trimmed(answer);
}

}  // namespace lockrig::lock
