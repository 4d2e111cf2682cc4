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

// A wish of the portal to open the door is carried out only if it is as young as a
// person who stands there (OUT-06). Assumed.
constexpr std::chrono::seconds kUnlockAge = 60s;

// The defects hammers, gives-up-after-outage and uploads-a-few. Assumed.
constexpr Duration kHammer = 2s;
constexpr int kGivesUpAfter = 8;
constexpr std::size_t kFewEvents = 8;

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
                 PortalContact& portal)
    : p_(p),
      settings_(settings),
      log_(log),
      bolt_(bolt),
      updater_(updater),
      facts_(facts),
      radio_works_(radio_works),
      portal_(portal),
      answered_(p.world) {}

// A lock's own spread, so that a fleet does not call at one moment. It comes from the
// unit and the boot, as on a real lock, not from the rig.
Duration CheckIn::jitter(Duration within) const {
  if (p_.defects.has(kNoJitter)) return Duration::zero();
  const std::uint64_t draw = mix(mix(0, p_.unit.serial), facts_.count);
  return Duration(static_cast<std::int64_t>(
      draw % static_cast<std::uint64_t>(std::max<std::int64_t>(within.count(), 1))));
}

Task<void> CheckIn::run() {
  Duration pause = kAfterBoot + jitter(kAfterBoot);
  Duration retry = p_.model.retry_first;
  for (;;) {
    co_await portal_.wanted.wait(p_.world.now() + pause, "the next check-in");
    if (settings_.get(Key::wifi).empty()) {
      pause = p_.model.heartbeat;
    } else if (co_await contact()) {
      succeeded_ = true;
      portal_.lost = false;
      failures_ = 0;
      answered_.notify();
      retry = p_.model.retry_first;
      pause = p_.model.heartbeat + jitter(p_.model.heartbeat / 20);
    } else {
      portal_.lost = true;
      if (++failures_ >= kGivesUpAfter && p_.defects.has(kGivesUp)) {
        co_await p_.world.never();
      }
      pause = retry + jitter(retry / 4);
      if (p_.defects.has(kHammers)) pause = kHammer;
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
  json body = {{"serial", p_.unit.serial},
               {"model", p_.model.name},
               {"revision", std::string(1, p_.model.revision)},
               {"version", facts_.version.to_string()},
               {"boots", facts_.count},
               {"cause", facts_.cause},
               {"trial", facts_.trial},
               {"locked", bolt_.locked()},
               {"log", log_.newest()},
               {"refusal", updater_.last_refusal()}};
  // Only while somebody should do something about it.
  if (p_.battery_mv() <= p_.model.battery.low_mv && !p_.defects.has(kBatteryUntold)) {
    body["battery_mv"] = p_.battery_mv();
  }
  const auto response = co_await exchange(portal, parser, post("/v1/check-in", body));
  if (!response || response->status != 200) co_return std::nullopt;
  json answer = json::parse(response->body, nullptr, false);
  if (!answer.is_object()) {
    if (p_.defects.has(kGarbageCrashes)) {
      p_.reset("fault");
      co_await p_.world.never();
    }
    if (p_.defects.has(kGarbageSilences)) co_await p_.world.never();
    co_return std::nullopt;
  }
  co_return answer;
}

Task<bool> CheckIn::report(ByteStream& portal, http::ResponseParser& parser) {
  const auto answered = co_await send_report(portal, parser);
  if (!answered) co_return false;
  const json& answer = *answered;
  if (const auto after = answer.find("events_after");
      after != answer.end() && after->is_number_unsigned()) {
    if (portal_.lost && p_.defects.has(kOutageUntold)) upload_from_ = log_.newest();
    const std::uint32_t from = std::max(after->get<std::uint32_t>(), upload_from_);
    co_await upload_log(portal, parser, from);
  }
  if (const auto unlock = answer.find("unlock");
      unlock != answer.end() && unlock->is_object()) {
    const auto age = unlock->find("age_s");
    if (age != unlock->end() && age->is_number_unsigned()) {
      const auto most = static_cast<std::uint64_t>(kUnlockAge / 1s) + 1;
      const std::chrono::seconds seconds(std::min(age->get<std::uint64_t>(), most));
      co_await take_unlock(seconds);
    }
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

// Only for an owner: before set-up the door is anybody's who knows the portal.
Task<void> CheckIn::take_unlock(std::chrono::seconds age) {
  const bool owned =
      settings_.get(Key::set_up) == "1" || p_.defects.has(kPortalOpensUnowned);
  const bool fresh = age <= kUnlockAge || p_.defects.has(kStaleUnlock);
  if (!owned || !fresh) {
    std::string why = owned ? "portal unlock too old" : "portal unlock before set-up";
    co_await log_.add(facts_.count, std::move(why));
    co_return;
  }
  const bool moved = co_await bolt_.unlock();
  if (moved) co_await log_.add(facts_.count, "unlocked by portal");
}

Task<void> CheckIn::upload_log(ByteStream& portal, http::ResponseParser& parser,
                               std::uint32_t after) {
  if (p_.defects.has(kUploadsAFew) && log_.newest() > after + kFewEvents) {
    after = log_.newest() - kFewEvents;
  }
  while (after < log_.newest()) {
    json events = json::array();
    for (const Event& event : log_.after(after, kEventsAtOnce)) {
      json& item = events.emplace_back(json::object());
      item["n"] = event.sequence;
      item["boot"] = event.boot;
      item["text"] = event.text;
      after = event.sequence;
    }
    if (events.empty()) co_return;
    json body = json::object();
    body["serial"] = p_.unit.serial;
    body["events"] = std::move(events);
    const auto response = co_await exchange(portal, parser, post("/v1/events", body));
    if (!response || response->status != 200) co_return;
  }
}

// The first range holds the header: a wrong model costs 4 KiB and writes nothing.
Task<void> CheckIn::take_offer(ByteStream& portal, http::ResponseParser& parser,
                               const std::string& path, std::size_t size) {
  // An installation is not begun with cells that may not last for it; the offer stands.
  const bool low = p_.battery_mv() <= p_.model.battery.low_mv;
  if (low && !p_.defects.has(kUpdatesOnLowBattery)) co_return;
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
