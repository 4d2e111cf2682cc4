#include "rig/twin/service_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"

namespace lockrig::twin {
namespace {

using nlohmann::json;

// Events in one answer: each is at most 70 bytes of CBOR, the smallest buffer is 1 KiB.
constexpr std::size_t kLogPage = 12;

// Objects are filled by name here: in braces, nlohmann-json first makes arrays of their
// pairs, then copies them.

json refusal_of(Refusal refusal) {
  return smp::error_v2(smp::kGroupLock, static_cast<int>(refusal));
}

json binary(const image::Digest& digest) {
  return json::binary(Bytes(digest.begin(), digest.end()));
}

}  // namespace

ServicePort::ServicePort(Peripherals& p, Settings& settings, AuditLog& log,
                         LockOut& lock_out, BoltDrive& bolt, Updater& updater,
                         const BootFacts& facts)
    : p_(p),
      settings_(settings),
      log_(log),
      lock_out_(lock_out),
      bolt_(bolt),
      updater_(updater),
      facts_(facts) {}

Task<void> ServicePort::run() {
  const std::string banner =
      fmt::format("{} {} boot {} cause {}\r\n", p_.model.board(),
                  facts_.version.to_string(), facts_.count, facts_.cause);
  const Bytes text(banner.begin(), banner.end());
  co_await p_.uart.write(text);

  smp::LineDecoder decoder(p_.model.smp_buffer);
  std::array<std::uint8_t, 4096> buffer;
  for (;;) {
    const ReadResult read = co_await p_.uart.read_some(buffer, kNever);
    if (read.status != StreamStatus::ok) co_return;
    decoder.feed(ByteView(buffer).first(read.count));
    while (const auto message = decoder.next_message()) co_await serve(*message);
  }
}

Task<void> ServicePort::serve(ByteView message) {
  const auto header = smp::decode_header(message);
  if (!header) co_return;
  smp::Message response;
  response.header = smp::response_to(*header);
  response.body = co_await answer(*header, message);
  const Bytes frame = smp::encode_frame(smp::encode(response));
  co_await p_.uart.write(frame);
  if (reset_) {
    p_.reset("command");
    co_await p_.world.never();
  }
}

Task<json> ServicePort::answer(const smp::Header& header, ByteView message) {
  const bool write = header.op == smp::Op::write;
  if (header.group == smp::kGroupImage && header.id == smp::kImageUpload && write) {
    co_return co_await upload(message);
  }
  if (header.group == smp::kGroupImage && header.id == smp::kImageState) {
    if (write) co_return co_await set_image_state(message);
    co_return image_state();
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsParams) {
    co_return json{{"buf_size", p_.model.smp_buffer},
                   {"buf_count", p_.model.smp_buffers}};
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsEcho && write) {
    const auto request = smp::decode(message);
    if (!request || !request->body.contains("d") || !request->body["d"].is_string()) {
      co_return smp::error_v1(smp::kRcInvalid);
    }
    co_return json{{"r", request->body["d"]}};
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsReset && write) {
    reset_ = true;
    co_return json::object();
  }
  if (header.group == smp::kGroupLock && header.id == smp::kLockState && !write) {
    co_return lock_state();
  }
  if (header.group == smp::kGroupLock && header.id == smp::kLockLog && !write) {
    co_return log_page(message);
  }
  co_return smp::error_v1(smp::kRcNotSupported);
}

Task<json> ServicePort::upload(ByteView message) {
  const auto request = smp::decode_upload(message);
  if (!request) co_return smp::error_v1(smp::kRcInvalid);
  if (request->off == 0) {
    if (!request->len) co_return smp::error_v1(smp::kRcInvalid);
    const Refusal refusal = co_await updater_.begin(*request->len, Way::serial);
    if (refusal != Refusal::none) co_return refusal_of(refusal);
  } else if (request->off != updater_.received()) {
    // MCUboot answers a wrong offset with the one it wants.
    co_return json{{"off", updater_.received()}};
  }
  const Refusal refusal = co_await updater_.append(request->data);
  if (refusal != Refusal::none) co_return refusal_of(refusal);
  json answer = json::object();
  answer["off"] = updater_.received();
  if (updater_.received() == updater_.expected()) answer["match"] = updater_.staged();
  co_return answer;
}

Task<json> ServicePort::set_image_state(ByteView message) {
  const auto request = smp::decode(message);
  if (!request || !updater_.staged()) co_return smp::error_v1(smp::kRcBadState);
  const json& body = request->body;
  if (!body.contains("hash") || body["hash"] != binary(updater_.digest())) {
    co_return smp::error_v1(smp::kRcNoEntry);
  }
  co_await updater_.request();
  co_return image_state();
}

json ServicePort::image_state() const {
  json images = json::array();
  for (const Updater::Slot& slot : updater_.slots()) {
    json& image = images.emplace_back(json::object());
    image["slot"] = slot.number;
    image["version"] = slot.version.to_string();
    image["hash"] = binary(slot.digest);
    image["bootable"] = true;
    image["active"] = slot.active;
    image["confirmed"] = slot.confirmed;
    image["pending"] = slot.pending;
  }
  json state = json::object();
  state["images"] = std::move(images);
  return state;
}

json ServicePort::lock_state() const {
  int codes = 0;
  for (int slot = 0; slot < kUserCodes; ++slot) {
    if (!settings_.get(user_code_key(slot)).empty()) ++codes;
  }
  json state = json::object();
  state["model"] = p_.model.name;
  state["rev"] = std::string(1, p_.model.revision);
  state["serial"] = p_.unit.serial;
  state["version"] = facts_.version.to_string();
  state["boots"] = facts_.count;
  state["cause"] = facts_.cause;
  state["trial"] = facts_.trial;
  state["locked"] = bolt_.locked();
  state["set_up"] = settings_.get(Key::set_up) == "1";
  state["codes"] = codes;
  state["wrong"] = lock_out_.wrong_codes();
  state["lock_out"] = lock_out_.remaining();
  state["log"] = log_.newest();
  return state;
}

json ServicePort::log_page(ByteView message) const {
  const auto request = smp::decode(message);
  std::uint32_t after = 0;
  if (request && request->body.contains("after") &&
      request->body["after"].is_number_unsigned()) {
    after = request->body["after"];
  }
  json events = json::array();
  for (const Event& event : log_.after(after, kLogPage)) {
    json& item = events.emplace_back(json::object());
    item["n"] = event.sequence;
    item["b"] = event.boot;
    item["t"] = event.text;
  }
  json page = json::object();
  page["events"] = std::move(events);
  page["newest"] = log_.newest();
  return page;
}

}  // namespace lockrig::twin
