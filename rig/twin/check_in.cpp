#include "rig/twin/check_in.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "rig/core/random.hpp"

namespace lockrig::twin {
namespace {

using nlohmann::json;

// Assumed, as the sibling products' radio sessions last 10 to 15 s.
constexpr Duration kAnswerLimit = 10s;
constexpr Duration kAfterBoot = 1s;

// One range request; 64 KiB then take 16 exchanges.
constexpr std::size_t kRange = 4096;
constexpr std::size_t kEventsAtOnce = 64;

// Named, not braced at the call: GCC 12 destroys an aggregate that is a temporary
// argument of a coroutine twice.
http::Request post(std::string target, const json& body) {
  http::Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = body.dump();
  return request;
}

}  // namespace

CheckIn::CheckIn(Peripherals& p, Settings& settings, AuditLog& log, BoltDrive& bolt,
                 Updater& updater, const BootFacts& facts, bool radio_works,
                 Signal& contact_wanted)
    : p_(p),
      settings_(settings),
      log_(log),
      bolt_(bolt),
      updater_(updater),
      facts_(facts),
      radio_works_(radio_works),
      contact_wanted_(contact_wanted),
      answered_(p.world) {}

// A lock's own spread, so that a fleet does not call at one moment. It comes from the
// unit and the boot, as on a real lock, not from the rig.
Duration CheckIn::jitter(Duration within) const {
  const std::uint64_t draw = mix(mix(0, p_.unit.serial), facts_.count);
  return Duration(static_cast<std::int64_t>(
      draw % static_cast<std::uint64_t>(std::max<std::int64_t>(within.count(), 1))));
}

Task<void> CheckIn::run() {
  Duration pause = kAfterBoot + jitter(kAfterBoot);
  Duration retry = p_.model.retry_first;
  for (;;) {
    co_await contact_wanted_.wait(p_.world.now() + pause, "the next check-in");
    if (settings_.get(Key::wifi).empty()) {
      pause = p_.model.heartbeat;
    } else if (co_await contact()) {
      succeeded_ = true;
      answered_.notify();
      retry = p_.model.retry_first;
      pause = p_.model.heartbeat + jitter(p_.model.heartbeat / 20);
    } else {
      pause = retry + jitter(retry / 4);
      retry = std::min(retry * 2, p_.model.heartbeat);
    }
  }
}

Task<bool> CheckIn::contact() {
  const Instant limit = p_.world.now() + kAnswerLimit;
  if (!radio_works_) {
    co_await p_.world.sleep_until(limit, "a radio that does not work");
    co_return false;
  }
  const auto portal =
      co_await p_.network.connect(p_.model.portal_host, p_.model.portal_port, limit);
  if (!portal) co_return false;
  http::ResponseParser parser;
  co_return co_await report(*portal, parser);
}

Task<std::optional<json>> CheckIn::send_report(ByteStream& portal,
                                               http::ResponseParser& parser) {
  const json body = {{"serial", p_.unit.serial},
                     {"model", p_.model.name},
                     {"revision", std::string(1, p_.model.revision)},
                     {"version", facts_.version.to_string()},
                     {"boots", facts_.count},
                     {"cause", facts_.cause},
                     {"trial", facts_.trial},
                     {"locked", bolt_.locked()},
                     {"log", log_.newest()},
                     {"refusal", updater_.last_refusal()}};
  const auto response = co_await exchange(portal, parser, post("/v1/check-in", body));
  if (!response || response->status != 200) co_return std::nullopt;
  json answer = json::parse(response->body, nullptr, false);
  if (!answer.is_object()) co_return std::nullopt;
  co_return answer;
}

Task<bool> CheckIn::report(ByteStream& portal, http::ResponseParser& parser) {
  const auto answered = co_await send_report(portal, parser);
  if (!answered) co_return false;
  const json& answer = *answered;
  if (const auto after = answer.find("events_after");
      after != answer.end() && after->is_number_unsigned()) {
    co_await upload_log(portal, parser, *after);
  }
  if (const auto offer = answer.find("offer");
      offer != answer.end() && offer->is_object() && !facts_.trial) {
    const auto path = offer->find("path");
    const auto size = offer->find("size");
    if (path != offer->end() && path->is_string() && size != offer->end() &&
        size->is_number_unsigned()) {
      co_await take_offer(portal, parser, *path, *size);
    }
  }
  co_return true;
}

Task<void> CheckIn::upload_log(ByteStream& portal, http::ResponseParser& parser,
                               std::uint32_t after) {
  while (after < log_.newest()) {
    json events = json::array();
    for (const Event& event : log_.after(after, kEventsAtOnce)) {
      events.push_back(
          {{"n", event.sequence}, {"boot", event.boot}, {"text", event.text}});
      after = event.sequence;
    }
    if (events.empty()) co_return;
    const json body = {{"serial", p_.unit.serial}, {"events", events}};
    const auto response = co_await exchange(portal, parser, post("/v1/events", body));
    if (!response || response->status != 200) co_return;
  }
}

// The first range holds the header: a wrong model costs 4 KiB and writes nothing.
Task<void> CheckIn::take_offer(ByteStream& portal, http::ResponseParser& parser,
                               const std::string& path, std::size_t size) {
  Refusal refusal = co_await updater_.begin(size);
  while (refusal == Refusal::none && updater_.received() < size) {
    const std::size_t from = updater_.received();
    const std::size_t to = std::min(from + kRange, size) - 1;
    http::Request get;
    get.target = path;
    get.headers.emplace_back("Range", fmt::format("bytes={}-{}", from, to));
    const auto response = co_await exchange(portal, parser, std::move(get));
    if (!response || response->status != 206) co_return;
    const std::string& body = response->body;
    refusal = co_await updater_.append(
        {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
  }
  if (refusal != Refusal::none) {
    // Told at once; the same offer is looked at again only at the next check-in.
    co_await send_report(portal, parser);
    co_return;
  }
  if (!updater_.staged()) co_return;
  co_await updater_.request();
  p_.reset("update");
  co_await p_.world.never();
}

Task<std::optional<http::Response>> CheckIn::exchange(ByteStream& portal,
                                                      http::ResponseParser& parser,
                                                      http::Request request) {
  request.headers.emplace_back("Host", p_.model.portal_host);
  const Bytes bytes = http::encode(request);
  if (co_await portal.write(bytes) != StreamStatus::ok) co_return std::nullopt;
  const Instant limit = p_.world.now() + kAnswerLimit;
  std::array<std::uint8_t, 8192> buffer;
  http::Progress progress = parser.feed({});
  while (progress == http::Progress::need_more) {
    const ReadResult read = co_await portal.read_some(buffer, limit);
    if (read.status != StreamStatus::ok) co_return std::nullopt;
    progress = parser.feed(ByteView(buffer).first(read.count));
  }
  if (progress != http::Progress::done) co_return std::nullopt;
  co_return parser.take();
}

}  // namespace lockrig::twin
