#include "rig/program/lines_port.hpp"

#include <utility>
#include <variant>

#include "rig/core/error.hpp"
#include "rig/core/printable.hpp"

namespace lockrig::program {

namespace lines = board_lines;

LinesPort::LinesPort(World& world, std::string station, const std::string& path,
                     Events events)
    : world_(world),
      station_(std::move(station)),
      events_(std::move(events)),
      listener_(world, path, station_, "lines socket"),
      said_(world),
      door_(world, station_ + " lines' door") {
  door_.spawn(welcome());
}

LinesPort::~LinesPort() { world_.end(std::move(life_)); }

Task<void> LinesPort::welcome() {
  for (;;) {
    std::shared_ptr<ByteStream> stream = co_await listener_.accept(kNever);
    connect(std::move(stream));
  }
}

void LinesPort::connect(std::shared_ptr<ByteStream> stream) {
  hang_up();
  stream_ = stream;
  life_ = std::make_unique<Life>(world_, station_ + " lines");
  life_->spawn(listen(stream));
  life_->spawn(speak(stream));
}

void LinesPort::disconnect() {
  listener_.refuse_waiting();
  hang_up();
}

void LinesPort::hang_up() {
  greeted_ = false;
  waiting_.clear();
  stream_.reset();
  world_.end(std::move(life_));
}

void LinesPort::say(const std::string& text) {
  if (!greeted_) return;
  waiting_ += text;
  said_.notify();
}

Task<void> LinesPort::speak(std::shared_ptr<ByteStream> to) {
  for (;;) {
    while (waiting_.empty()) co_await said_.wait(kNever, "something to say");
    const std::string text = std::exchange(waiting_, {});
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const ByteView view(bytes, text.size());
    const StreamStatus status = co_await to->write(view);
    if (status != StreamStatus::ok) co_return;  // the program has ended
  }
}

Task<void> LinesPort::listen(std::shared_ptr<ByteStream> from) {
  lines::Splitter splitter;
  std::array<std::uint8_t, 1024> buffer;
  for (;;) {
    const ReadResult read = co_await from->read_some(buffer, kNever);
    if (read.status != StreamStatus::ok) co_return;  // the program has ended
    splitter.push(ByteView(buffer.data(), read.count));
    // A message may take the program's power away: what stands behind it is not heard.
    while (stream_ == from) {
      const auto line = splitter.next();
      if (!line) break;
      take(*line);
    }
    if (stream_ == from && splitter.overrun()) {
      refuse("a line is longer than " + std::to_string(lines::Splitter::kLongest) +
             " bytes");
    }
  }
}

void LinesPort::take(const std::string& line) {
  const auto message = lines::parse(line);
  if (!message) refuse("\"" + printable(line) + "\" is no message of a program");
  const bool hello = std::holds_alternative<lines::Hello>(*message);
  if (hello == greeted_) {
    refuse(greeted_ ? "a second hello" : "\"" + printable(line) + "\" before hello");
  }
  if (hello) {
    greeted_ = true;
    say(lines::welcome());
    events_.greeted();
  } else if (const auto* show = std::get_if<lines::Show>(&*message)) {
    events_.show(*show);
  } else if (const auto* motor = std::get_if<lines::MotorTo>(&*message)) {
    events_.motor(motor->drive);
  } else if (const auto* flash = std::get_if<lines::FlashBegins>(&*message)) {
    events_.flash(*flash);
  } else {
    events_.torn();
  }
}

void LinesPort::refuse(const std::string& what) const {
  throw RigError(station_, "lines socket", what,
                 "the program, by docs/program-boards.md");
}

}  // namespace lockrig::program
