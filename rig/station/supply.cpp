#include "rig/station/supply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::station {

Supply::Supply(World& world, ByteStream& stream, std::string station,
               SupplyConfig config)
    : world_(world),
      stream_(stream),
      station_(std::move(station)),
      config_(std::move(config)),
      notes_(world.trace().channel(station_ + "/supply")),
      turn_(world) {
  if (config_.battery_mv < 0 || config_.battery_mv > config_.max_mv) {
    throw std::invalid_argument(fmt::format(
        "station {}: a battery of {} mV, but the supply may give 0 to {} mV", station_,
        config_.battery_mv, config_.max_mv));
  }
  if (config_.max_ma <= 0) {
    throw std::invalid_argument(fmt::format(
        "station {}: the supply needs a limit of its current above 0", station_));
  }
  for (const std::string* command :
       {&config_.protection.enable, &config_.protection.tripped,
        &config_.protection.clear}) {
    scpi::to_line(*command);
  }
}

void Supply::fail(const std::string& what) const {
  throw RigError(station_, "supply", what,
                 "its mains switch, its serial line and its baud rate");
}

void Supply::require_mv(int mv) const {
  if (mv >= 0 && mv <= config_.max_mv) return;
  throw std::invalid_argument(
      fmt::format("station {}: {} mV, but the supply may give 0 to {} mV", station_, mv,
                  config_.max_mv));
}

void Supply::require_identified() const {
  if (identified_) return;
  throw std::invalid_argument(
      fmt::format("station {}: the supply has not been identified yet", station_));
}

void Supply::note(const std::string& text) {
  world_.trace().note(notes_, world_.now(), text);
}

Task<void> Supply::send(std::string_view command) {
  const Bytes line = scpi::to_line(command);
  const StreamStatus status = co_await stream_.write(line);
  if (status != StreamStatus::ok) {
    fail(fmt::format("\"{}\" could not be sent: {}", command, to_string(status)));
  }
}

Task<std::optional<std::string>> Supply::hear() {
  const Instant until = world_.now() + kAnswerLimit;
  for (;;) {
    auto line = lines_.next();
    if (line && !line->intact) {
      fail(fmt::format("it answers with garbage: \"{}\"", line->text));
    }
    if (line && !line->text.empty()) co_return std::move(line->text);
    if (line) continue;
    const ReadResult read = co_await stream_.read_some(buffer_, until);
    if (read.status == StreamStatus::timed_out) co_return std::nullopt;
    if (read.status != StreamStatus::ok) {
      fail(fmt::format("its line is {}", to_string(read.status)));
    }
    lines_.feed(ByteView(buffer_).first(read.count));
    // A line that never ends must not keep the call for ever.
    if (world_.now() >= until) co_return std::nullopt;
  }
}

/// What an earlier call did not wait for must not answer this one.
Task<void> Supply::drop_stale() {
  ReadResult read{};
  do {
    read = co_await stream_.read_some(buffer_, world_.now());
  } while (read.status == StreamStatus::ok);
  lines_.clear();
}

Task<scpi::Error> Supply::next_error(std::string_view after) {
  co_await send(scpi::kNextError);
  const auto answer = co_await hear();
  if (!answer) {
    fail(fmt::format("no answer to \"{}\" within {:g} s, after \"{}\"",
                     scpi::kNextError, to_seconds(kAnswerLimit), after));
  }
  auto error = scpi::parse_error(*answer);
  if (!error) {
    fail(fmt::format("it answered \"{}\" to \"{}\", after \"{}\"", *answer,
                     scpi::kNextError, after));
  }
  co_return std::move(*error);
}

Task<void> Supply::refuse_errors(std::string_view command) {
  const scpi::Error error = co_await next_error(command);
  if (error.code == 0) co_return;
  // Further entries must not be blamed on the next command.
  co_await send(scpi::kClearStatus);
  fail(fmt::format("it refused \"{}\": {}, \"{}\"", command, error.code, error.text));
}

Task<void> Supply::tell(std::string_view command) {
  co_await drop_stale();
  co_await send(command);
  co_await refuse_errors(command);
}

Task<std::string> Supply::ask(std::string_view query) {
  co_await drop_stale();
  co_await send(query);
  auto answer = co_await hear();
  // A query that is refused has no answer, but the error queue knows why.
  co_await refuse_errors(query);
  if (!answer) {
    fail(fmt::format("no answer to \"{}\" within {:g} s", query,
                     to_seconds(kAnswerLimit)));
  }
  co_return std::move(*answer);
}

Task<scpi::Identity> Supply::identify() {
  const Mutex::Guard turn = co_await turn_.lock();
  co_await tell(scpi::kClearStatus);
  const std::string answer = co_await ask(scpi::kIdentify);
  auto identity = scpi::parse_identity(answer);
  if (!identity) {
    fail(fmt::format("it answered \"{}\" to \"{}\"", answer, scpi::kIdentify));
  }
  co_await tell(config_.protection.enable);
  identified_ = true;
  note(fmt::format("{} {}", identity->maker, identity->model));
  co_return std::move(*identity);
}

Task<void> Supply::open() {
  co_await identify();
  co_await set_voltage(config_.battery_mv);
  co_await set_current_limit(config_.max_ma);
  co_await clear_trip();
  co_await output(true);
}

Task<void> Supply::set_voltage(int mv) {
  require_mv(mv);
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  note(fmt::format("{} mV", mv));
  const std::string command = scpi::voltage(mv);
  co_await tell(command);
}

Task<void> Supply::set_current_limit(int ma) {
  if (ma < 0 || ma > config_.max_ma) {
    throw std::invalid_argument(
        fmt::format("station {}: {} mA, but the supply may give 0 to {} mA", station_,
                    ma, config_.max_ma));
  }
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  note(fmt::format("at most {} mA", ma));
  const std::string command = scpi::current(ma);
  co_await tell(command);
}

Task<void> Supply::output(bool on) {
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  note(on ? "output on" : "output off");
  const std::string command = scpi::output(on);
  co_await tell(command);
}

Task<int> Supply::measure_milli(std::string_view query) {
  const std::string answer = co_await ask(query);
  const auto milli = scpi::parse_milli(answer);
  if (!milli) fail(fmt::format("it answered \"{}\" to \"{}\"", answer, query));
  co_return *milli;
}

Task<Supply::Measured> Supply::measure() {
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  Measured measured;
  measured.mv = co_await measure_milli(scpi::kMeasureVoltage);
  measured.ma = co_await measure_milli(scpi::kMeasureCurrent);
  co_return measured;
}

Task<bool> Supply::trip_seen() {
  const std::string answer = co_await ask(config_.protection.tripped);
  const auto tripped = scpi::parse_bool(answer);
  if (!tripped) {
    fail(fmt::format("it answered \"{}\" to \"{}\"", answer,
                     config_.protection.tripped));
  }
  if (*tripped && !trip_noted_) note("tripped: over-current");
  trip_noted_ = *tripped;
  co_return *tripped;
}

Task<bool> Supply::tripped() {
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  co_return co_await trip_seen();
}

Task<void> Supply::clear_trip() {
  require_identified();
  const Mutex::Guard turn = co_await turn_.lock();
  note("trip cleared");
  co_await tell(config_.protection.clear);
  trip_noted_ = false;
}

Task<Supply::Ramp> Supply::ramp(int from_mv, int to_mv, Duration duration, int steps) {
  require_mv(from_mv);
  require_mv(to_mv);
  require_identified();
  if (steps < 1 || duration / steps < kShortestStep) {
    throw std::invalid_argument(
        fmt::format("station {}: a ramp of {} steps in {:g} s; a step takes {:g} s",
                    station_, steps, to_seconds(duration), to_seconds(kShortestStep)));
  }
  const Instant start = world_.now();
  Ramp ramp;
  for (int i = 0; i <= steps; ++i) {
    const Instant due = start + duration / steps * i;
    co_await world_.sleep_until(due, "the next step of a ramp");
    const Mutex::Guard turn = co_await turn_.lock();
    ramp.late = std::max(ramp.late, world_.now() - due);
    const auto span = static_cast<std::int64_t>(to_mv) - from_mv;
    const int mv = from_mv + static_cast<int>(span * i / steps);
    note(fmt::format("{} mV", mv));
    const std::string command = scpi::voltage(mv);
    co_await tell(command);
    ramp.reached_mv = mv;
    ramp.tripped = co_await trip_seen();
    if (ramp.tripped) break;
  }
  co_return ramp;
}

}  // namespace lockrig::station
