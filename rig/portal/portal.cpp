#include "rig/portal/portal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "rig/protocol/image.hpp"

namespace lockrig::portal {
namespace {

using nlohmann::json;

// A lock that lost its power says no goodbye. Longer than any pause of a lock that
// lives: it erases its slot within 7.2 s (18 sectors of at most 400 ms, protocols.md).
constexpr Duration kIdleLimit = 60s;

// Of TCP over Ethernet (RFC 9293, 3.7.1: 1500 - 40). An outage breaks an answer between
// two segments.
constexpr std::size_t kSegment = 1460;

constexpr std::string_view kImages = "/v1/images/";

http::Response json_response(const json& body) {
  return {200, {{"Content-Type", "application/json"}}, body.dump()};
}

void check_path_segment(const std::string& what, const std::string& text) {
  const bool fits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~+").find(c) != std::string_view::npos;
  });
  if (!fits) throw std::invalid_argument(what + " '" + text + "' does not fit a path");
}

Task<bool> send(ByteStream& stream, ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kSegment));
    if (co_await stream.write(part) != StreamStatus::ok) co_return false;
    bytes = bytes.subspan(part.size());
  }
  co_return true;
}

}  // namespace

Portal::Portal(World& world, Network& network, std::string host, int port)
    : world_(world),
      network_(network),
      host_(std::move(host)),
      port_(port),
      channel_(world.trace().channel("portal")),
      arrived_(world) {
  set_reachable(true);
}

void Portal::set_reachable(bool reachable) {
  if (reachable == this->reachable()) return;
  world_.trace().note(channel_, world_.now(), reachable ? "reachable" : "unreachable");
  if (reachable) {
    listener_ = network_.listen(host_, port_);
    life_ = std::make_unique<Life>(world_, "portal");
    life_->spawn(accept());
  } else {
    life_.reset();
    listener_.reset();
  }
}

void Portal::offer(const std::string& serial, const std::string& name,
                   std::shared_ptr<const Bytes> image) {
  check_path_segment("serial number", serial);
  check_path_segment("image name", name);
  if (image == nullptr) throw std::invalid_argument("no image to offer");
  const auto header = image::parse_header(*image);
  offers_[serial] = {std::string(kImages) + serial + "/" + name,
                     header ? header->version.to_string() : "unknown", std::move(image),
                     0};
}

void Portal::withdraw(const std::string& serial) {
  const auto found = offers_.find(serial);
  if (found != offers_.end()) found->second.image.reset();
}

void Portal::ask_unlock(const std::string& serial) { unlocks_[serial] = world_.now(); }

std::uint64_t Portal::reached(const std::string& serial) const {
  const auto found = offers_.find(serial);
  return found == offers_.end() ? 0 : found->second.reached;
}

std::uint64_t Portal::served(const std::string& serial) const {
  const auto found = offers_.find(serial);
  return found == offers_.end() ? 0 : found->second.served;
}

const std::vector<CheckIn>& Portal::check_ins(const std::string& serial) const {
  static const std::vector<CheckIn> kNone;
  const auto found = records_.locks.find(serial);
  return found == records_.locks.end() ? kNone : found->second.check_ins;
}

const std::vector<LogEvent>& Portal::events(const std::string& serial) const {
  static const std::vector<LogEvent> kNone;
  const auto found = records_.locks.find(serial);
  return found == records_.locks.end() ? kNone : found->second.events;
}

Task<std::optional<CheckIn>> Portal::next_check_in(std::string serial, Instant until) {
  const std::size_t seen = check_ins(serial).size();
  while (check_ins(serial).size() <= seen) {
    if (!co_await arrived_.wait(until, "a check-in") &&
        check_ins(serial).size() <= seen) {
      co_return std::nullopt;
    }
  }
  co_return check_ins(serial)[seen];
}

Task<void> Portal::accept() {
  for (;;) {
    auto stream = co_await listener_->accept(kNever);
    if (stream) life_->spawn(serve(std::move(stream)));
  }
}

Task<void> Portal::serve(std::unique_ptr<ByteStream> stream) {
  http::RequestParser parser;
  std::array<std::uint8_t, 2048> buffer;
  for (;;) {
    http::Progress progress = parser.feed({});
    while (progress == http::Progress::need_more) {
      const ReadResult read =
          co_await stream->read_some(buffer, world_.now() + kIdleLimit);
      if (read.status != StreamStatus::ok) co_return;
      progress = parser.feed(ByteView(buffer).first(read.count));
    }
    http::Response response{400, {}, "", false};
    if (progress == http::Progress::done) {
      const http::Request request = parser.take();
      Answer given = answer(request);
      response = std::move(given.response);
      response.keep_alive = request.keep_alive && response.status != 400;
      world_.trace().note(channel_, world_.now(),
                          fmt::format("{} {} {}{}", request.method, request.target,
                                      response.status, given.detail));
    } else {
      world_.trace().note(channel_, world_.now(),
                          "not HTTP: " + parser.error() + " 400");
    }
    const Bytes bytes = http::encode(response);
    if (!co_await send(*stream, bytes)) co_return;
    if (!response.keep_alive) co_return;
  }
}

Portal::Answer Portal::answer(const http::Request& request) {
  requests_.push_back(world_.now());
  if (wrong_) return {*wrong_, " as told"};
  const std::string_view target = request.target;
  if (request.method == "POST" && target == "/v1/check-in") {
    return take_check_in(request);
  }
  if (request.method == "POST" && target == "/v1/events") return take_events(request);
  if (request.method == "GET" && target.starts_with(kImages)) {
    return give_image(request);
  }
  return {{404, {}, ""}, ""};
}

Portal::Answer Portal::take_check_in(const http::Request& request) {
  auto check_in = parse_check_in(request.body, world_.now());
  if (!check_in) return {{400, {}, ""}, " malformed report"};
  const std::string serial = check_in->serial;
  std::string detail = fmt::format(" {} {}", serial, check_in->version);
  records_.locks[serial].check_ins.push_back(std::move(*check_in));
  arrived_.notify();

  json body = {{"events_after", records_.newest_event(serial)}};
  const auto found = offers_.find(serial);
  if (found != offers_.end() && found->second.image != nullptr) {
    const Offer& offer = found->second;
    body["offer"] = {{"version", offer.version},
                     {"path", offer.path},
                     {"size", offer.image->size()}};
  }
  if (const auto wish = unlocks_.find(serial); wish != unlocks_.end()) {
    body["unlock"] = {{"age_s", (world_.now() - wish->second) / 1s}};
    unlocks_.erase(wish);
  }
  return {json_response(body), std::move(detail)};
}

Portal::Answer Portal::take_events(const http::Request& request) {
  auto report = parse_events(request.body);
  if (!report) return {{400, {}, ""}, " malformed events"};
  std::string detail =
      fmt::format(" {} {} events", report->serial, report->events.size());
  for (LogEvent& event : report->events) records_.add(report->serial, std::move(event));
  return {json_response(json::object()), std::move(detail)};
}

Portal::Answer Portal::give_image(const http::Request& request) {
  const auto found =
      std::find_if(offers_.begin(), offers_.end(), [&](const auto& item) {
        return item.second.image != nullptr && item.second.path == request.target;
      });
  if (found == offers_.end()) return {{404, {}, ""}, ""};
  Offer& offer = found->second;
  const std::uint64_t size = offer.image->size();

  const std::string* header = http::find_header(request.headers, "Range");
  const auto range = header != nullptr ? http::parse_range(*header) : std::nullopt;
  if (range && range->first >= size) {
    return {{416, {{"Content-Range", fmt::format("bytes */{}", size)}}, ""}, ""};
  }
  http::Response response{200, {{"Content-Type", "application/octet-stream"}}, ""};
  std::uint64_t first = 0;
  std::uint64_t count = size;
  if (range) {
    first = range->first;
    count = std::min(range->second, size - 1) - first + 1;
    response.status = 206;
    response.headers.emplace_back(
        "Content-Range", fmt::format("bytes {}-{}/{}", first, first + count - 1, size));
  }
  response.body.assign(reinterpret_cast<const char*>(offer.image->data()) + first,
                       count);
  offer.served += count;
  offer.reached = std::max(offer.reached, first + count);
  return {std::move(response), fmt::format(" {}+{}", first, count)};
}

}  // namespace lockrig::portal
