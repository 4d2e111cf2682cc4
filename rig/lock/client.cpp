#include "rig/lock/client.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/lock/uploader.hpp"
#include "rig/protocol/service_key.hpp"
#include "rig/protocol/smp_message.hpp"

namespace lockrig::lock {
namespace {

using nlohmann::json;

constexpr int kOnce = 1;
constexpr int kReadTries = 3;

// A lock that goes on inventing events is not believed for ever. The log of a lock is a
// few sectors of 64 events.
constexpr std::size_t kMaxEvents = 65536;

template <class T>
Reply<Done> done(const Reply<T>& reply) {
  if (const auto* failure = std::get_if<Failure>(&reply)) return *failure;
  return Done{};
}

}  // namespace

Client::Client(World& world, station::Console& console, std::string station,
               std::optional<Credential> credential)
    : link_(world, console, std::move(station)), credential_(std::move(credential)) {}

Task<Reply<json>> Client::exchange(Request request, json body) {
  auto reply = co_await ask(request, std::move(body));
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  co_return read(request, std::get<Bytes>(reply));
}

Task<Reply<Bytes>> Client::ask(Request request, json body) {
  for (int tries = 1;; ++tries) {
    auto reply = co_await try_once(request, body);
    const auto* failure = std::get_if<Failure>(&reply);
    const bool again = failure != nullptr &&
                       failure->kind == Failure::Kind::timed_out &&
                       tries < request.tries;
    if (!again) co_return reply;
  }
}

Task<Reply<Bytes>> Client::try_once(Request request, const json& body) {
  using Kind = Failure::Kind;
  const smp::Header header{request.op,    smp::kSmpV2,           0,         0,
                           request.group, link_.next_sequence(), request.id};
  const smp::Header expected = smp::response_to(header);
  const std::uint32_t damaged_before = link_.damaged();
  const Bytes message = smp::encode({header, body});
  link_.drop_messages();
  StreamStatus status = co_await link_.send(message);
  const Instant until = link_.world().now() + kLimit;
  while (status == StreamStatus::ok) {
    Link::Incoming incoming = co_await link_.receive(until);
    status = incoming.status;
    if (status != StreamStatus::ok) break;
    const auto got = smp::decode_header(incoming.message);
    if (!got || got->sequence != expected.sequence) continue;
    if (got->op != expected.op || got->group != expected.group ||
        got->id != expected.id) {
      co_return Failure{
          Kind::malformed,
          fmt::format("{}: the answer is to another command", request.name)};
    }
    co_return std::move(incoming.message);
  }
  if (status == StreamStatus::closed) {
    co_return Failure{Kind::closed,
                      fmt::format("{}: the console is dead", request.name)};
  }
  const bool noise = link_.damaged() != damaged_before;
  co_return Failure{
      Kind::timed_out,
      fmt::format("{}: no answer within {} s{}", request.name, to_seconds(kLimit),
                  noise ? ", what came was damaged" : "")};
}

Reply<json> Client::read(const Request& request, ByteView message) {
  using Kind = Failure::Kind;
  auto answer = smp::decode(message);
  if (!answer) {
    return Failure{Kind::malformed,
                   fmt::format("{}: not an SMP message", request.name)};
  }
  if (const auto error = smp::error_of(answer->body)) {
    return Failure{Kind::refused,
                   fmt::format("{}: refused with {} of group {}", request.name,
                               error->rc, error->group),
                   error};
  }
  return std::move(answer->body);
}

Task<std::optional<Banner>> Client::next_start(Instant until) {
  for (;;) {
    const auto line = co_await next_text(until);
    if (!line) co_return std::nullopt;
    if (auto banner = parse_banner(*line)) co_return banner;
  }
}

Task<Reply<std::string>> Client::echo(std::string text) {
  json body = {{"d", text}};
  auto reply = co_await exchange(
      {"echo", smp::Op::write, smp::kGroupOs, smp::kOsEcho, kOnce}, std::move(body));
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  const json& answer = std::get<json>(reply);
  const auto echoed = answer.find("r");
  if (echoed == answer.end() || *echoed != text) {
    co_return Failure{Failure::Kind::malformed, "echo: another text came back"};
  }
  co_return text;
}

Task<Reply<Params>> Client::params() {
  co_await link_.collect();  // perhaps the banner of another boot
  if (params_ && params_boot_ == link_.boots_seen()) co_return *params_;
  auto reply = co_await exchange(
      {"params", smp::Op::read, smp::kGroupOs, smp::kOsParams, kReadTries},
      json::object());
  Reply<Params> answer = kDefaultParams;
  if (auto* failure = std::get_if<Failure>(&reply)) {
    if (failure->kind != Failure::Kind::refused) co_return std::move(*failure);
  } else {
    answer = read_params(std::get<json>(reply));
  }
  if (const auto* params = std::get_if<Params>(&answer)) {
    params_ = *params;
    params_boot_ = link_.boots_seen();
  }
  co_return answer;
}

Task<Reply<State>> Client::state() {
  const Request request{"state", smp::Op::read, smp::kGroupLock, smp::kLockState,
                        kReadTries};
  auto reply = co_await ask(request, json::object());
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  const Bytes& message = std::get<Bytes>(reply);
  if (auto plain = plain_state(message)) co_return std::move(*plain);
  auto document = read(request, message);
  if (auto* failure = std::get_if<Failure>(&document)) co_return std::move(*failure);
  co_return read_state(std::get<json>(document));
}

Task<Reply<std::vector<LogEvent>>> Client::log(std::uint32_t after) {
  const Request request{"log", smp::Op::read, smp::kGroupLock, smp::kLockLog,
                        kReadTries};
  std::vector<LogEvent> events;
  for (;;) {
    json body = {{"after", after}};
    auto reply = co_await ask(request, std::move(body));
    if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
    const Bytes& message = std::get<Bytes>(reply);
    auto plain = plain_log_page(message, after);
    if (!plain) {
      auto document = read(request, message);
      if (auto* failure = std::get_if<Failure>(&document)) {
        co_return std::move(*failure);
      }
      auto answer = read_log_page(std::get<json>(document), after);
      if (auto* failure = std::get_if<Failure>(&answer)) co_return std::move(*failure);
      plain = std::move(std::get<LogPage>(answer));
    }
    LogPage& page = *plain;
    if (page.events.empty()) co_return events;
    after = page.events.back().sequence;
    events.insert(events.end(), std::make_move_iterator(page.events.begin()),
                  std::make_move_iterator(page.events.end()));
    if (after >= page.newest) co_return events;
    if (events.size() > kMaxEvents) {
      co_return Failure{Failure::Kind::malformed, "log: it does not end"};
    }
  }
}

Task<Reply<std::vector<ImageSlot>>> Client::images() {
  auto reply = co_await exchange(
      {"images", smp::Op::read, smp::kGroupImage, smp::kImageState, kReadTries},
      json::object());
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  co_return read_images(std::get<json>(reply));
}

void Client::show(Shows shows) {
  if (shows == shows_) return;
  shows_ = shows;
  unlocked_boot_.reset();
}

Task<Reply<Done>> Client::unlock() {
  if (!credential_ || shows_ == Shows::none) co_return Done{};
  co_await link_.collect();  // perhaps the banner of another boot
  if (unlocked_boot_ == link_.boots_seen()) co_return Done{};
  auto challenged = co_await exchange(
      {"challenge", smp::Op::read, smp::kGroupLock, smp::kLockChallenge, kReadTries},
      json::object());
  if (const auto* failure = std::get_if<Failure>(&challenged)) {
    if (failure->error != smp::Error{smp::kNoGroup, smp::kRcNotSupported}) {
      co_return *failure;
    }
    unlocked_boot_ = link_.boots_seen();
    co_return Done{};
  }
  const auto nonce = read_nonce(std::get<json>(challenged));
  if (const auto* failure = std::get_if<Failure>(&nonce)) co_return *failure;
  image::Digest mac = smp::service_mac(credential_->key, credential_->serial,
                                       std::get<smp::Nonce>(nonce));
  if (shows_ == Shows::wrong) mac.back() ^= 1;
  json body = {{"mac", json::binary(Bytes(mac.begin(), mac.end()))}};
  const auto answered = co_await exchange(
      {"unlock", smp::Op::write, smp::kGroupLock, smp::kLockUnlock, kOnce},
      std::move(body));
  if (std::holds_alternative<json>(answered)) unlocked_boot_ = link_.boots_seen();
  co_return done(answered);
}

Task<Reply<Done>> Client::reset() {
  const auto unlocked = co_await unlock();
  if (const auto* failure = std::get_if<Failure>(&unlocked)) co_return *failure;
  co_return co_await restart();
}

Task<Reply<Done>> Client::restart() {
  const auto reply = co_await exchange(
      {"reset", smp::Op::write, smp::kGroupOs, smp::kOsReset, kOnce}, json::object());
  params_.reset();
  unlocked_boot_.reset();
  co_return done(reply);
}

Task<Reply<Done>> Client::test(image::Digest hash) {
  const auto unlocked = co_await unlock();
  if (const auto* failure = std::get_if<Failure>(&unlocked)) co_return *failure;
  co_return co_await mark(hash);
}

Task<Reply<Done>> Client::mark(image::Digest hash) {
  json body = {{"hash", json::binary(Bytes(hash.begin(), hash.end()))},
               {"confirm", false}};
  const auto reply = co_await exchange(
      {"test", smp::Op::write, smp::kGroupImage, smp::kImageState, kOnce},
      std::move(body));
  co_return done(reply);
}

Task<Reply<Upload>> Client::upload(ByteView image, Progress progress) {
  if (image.empty() || image.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("an upload has 1 byte to 4 GiB");
  }
  const auto unlocked = co_await unlock();
  if (const auto* failure = std::get_if<Failure>(&unlocked)) co_return *failure;
  co_return co_await transfer(image, std::move(progress));
}

Task<Reply<Upload>> Client::transfer(ByteView image, Progress progress) {
  const auto limits = co_await params();
  if (const auto* failure = std::get_if<Failure>(&limits)) co_return *failure;
  Uploader uploader(link_, image, std::get<Params>(limits), std::move(progress));
  auto uploaded = co_await uploader.run();
  // Perhaps by a lock that has started again unseen, and is shut.
  if (std::holds_alternative<Failure>(uploaded)) unlocked_boot_.reset();
  co_return uploaded;
}

}  // namespace lockrig::lock
