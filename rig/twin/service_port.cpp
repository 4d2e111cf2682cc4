#include "rig/twin/service_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "rig/protocol/smp_cbor.hpp"
#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"
#include "rig/twin/smp_answer.hpp"

namespace lockrig::twin {
namespace {

// Events in one answer: each is at most 70 bytes of CBOR, the smallest buffer is 1 KiB.
constexpr std::size_t kLogPage = 12;

Bytes refusal_of(Refusal refusal) {
  smp::CborWriter body;
  body.map(1).text("err").map(2);
  body.text("group").number(smp::kGroupLock);
  body.text("rc").number(static_cast<std::uint32_t>(refusal));
  return body.finish();
}

/// Room for the longest body that is usual.
smp::CborWriter roomy() {
  Bytes room;
  room.reserve(1024);
  return smp::CborWriter(std::move(room));
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
      facts_(facts),
      lock_(p.world, p.unit, facts.count) {}

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
  const Bytes body = co_await answer(*header, message);
  const Bytes frame = smp::encode_frame(smp_answer(*header, body));
  co_await p_.uart.write(frame);
  if (reset_) {
    p_.reset("command");
    co_await p_.world.never();
  }
}

Task<Bytes> ServicePort::answer(const smp::Header& header, ByteView message) {
  const bool write = header.op == smp::Op::write;
  if (header.group == smp::kGroupLock && lock_.demanded()) {
    if (header.id == smp::kLockChallenge && !write) co_return challenge();
    if (header.id == smp::kLockUnlock && write) co_return unlock(message);
  }
  if (refuses(header)) co_return refusal_of(Refusal::locked);
  if (header.group == smp::kGroupImage && header.id == smp::kImageUpload && write) {
    co_return co_await upload(message);
  }
  if (header.group == smp::kGroupImage && header.id == smp::kImageState) {
    if (write) co_return co_await set_image_state(message);
    co_return image_state();
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsParams) {
    co_return params_body(p_.model.smp_buffer,
                          static_cast<std::size_t>(p_.model.smp_buffers));
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsEcho && write) {
    co_return echo_body(message);
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsReset && write) {
    reset_ = true;
    co_return smp::CborWriter().map(0).finish();
  }
  if (header.group == smp::kGroupLock && header.id == smp::kLockState && !write) {
    co_return lock_state();
  }
  if (header.group == smp::kGroupLock && header.id == smp::kLockLog && !write) {
    co_return log_page(message);
  }
  co_return rc_body(smp::kRcNotSupported);
}

bool ServicePort::refuses(const smp::Header& header) const {
  if (header.op != smp::Op::write || lock_.open()) return false;
  const bool echo = header.group == smp::kGroupOs && header.id == smp::kOsEcho;
  return !echo && !p_.defects.has(kOpenServicePort);
}

Bytes ServicePort::challenge() {
  smp::CborWriter answer;
  answer.map(1).text("nonce").bytes(lock_.challenge());
  return answer.finish();
}

Bytes ServicePort::unlock(ByteView message) {
  const auto request = smp::decode(message);
  const bool whole =
      request && request->body.contains("mac") && request->body["mac"].is_binary();
  if (!whole) return rc_body(smp::kRcInvalid);
  switch (lock_.unlock(request->body["mac"].get_binary())) {
    case ServiceLock::Answer::good:
      break;
    case ServiceLock::Answer::wrong:
      return refusal_of(Refusal::locked);
    case ServiceLock::Answer::not_heard:
      return rc_body(smp::kRcBusy);
  }
  return smp::CborWriter().map(0).finish();
}

Task<Bytes> ServicePort::upload(ByteView message) {
  const auto request = smp::decode_upload(message);
  if (!request) co_return rc_body(smp::kRcInvalid);
  if (request->off == 0) {
    if (!request->len) co_return rc_body(smp::kRcInvalid);
    const Refusal refusal = co_await updater_.begin(*request->len, Way::serial);
    if (refusal != Refusal::none) co_return refusal_of(refusal);
  } else if (request->off != updater_.received()) {
    // MCUboot answers a wrong offset with the one it wants.
    smp::CborWriter wanted;
    wanted.map(1).text("off").number(static_cast<std::uint32_t>(updater_.received()));
    co_return wanted.finish();
  }
  const Refusal refusal = co_await updater_.append(request->data);
  if (refusal != Refusal::none) co_return refusal_of(refusal);
  const bool whole = updater_.received() == updater_.expected();
  smp::CborWriter answer;
  answer.map(whole ? 2 : 1);
  if (whole) answer.text("match").flag(updater_.staged());
  answer.text("off").number(static_cast<std::uint32_t>(updater_.received()));
  co_return answer.finish();
}

Task<Bytes> ServicePort::set_image_state(ByteView message) {
  const auto request = smp::decode(message);
  if (!request || !updater_.staged()) co_return rc_body(smp::kRcBadState);
  const image::Digest& digest = updater_.digest();
  const auto hash = request->body.find("hash");
  if (hash == request->body.end() ||
      *hash != nlohmann::json::binary(Bytes(digest.begin(), digest.end()))) {
    co_return rc_body(smp::kRcNoEntry);
  }
  co_await updater_.request();
  co_return image_state();
}

Bytes ServicePort::image_state() const {
  const std::vector<Updater::Slot> slots = updater_.slots();
  smp::CborWriter state = roomy();
  state.map(1).text("images").array(static_cast<std::uint32_t>(slots.size()));
  for (const Updater::Slot& slot : slots) {
    state.map(7);
    state.text("active").flag(slot.active);
    state.text("bootable").flag(true);
    state.text("confirmed").flag(slot.confirmed);
    state.text("hash").bytes(slot.digest);
    state.text("pending").flag(slot.pending);
    state.text("slot").number(static_cast<std::uint32_t>(slot.number));
    state.text("version").text(slot.version.to_string());
  }
  return state.finish();
}

Bytes ServicePort::lock_state() const {
  std::uint32_t codes = 0;
  for (int slot = 0; slot < kUserCodes; ++slot) {
    if (!settings_.get(user_code_key(slot)).empty()) ++codes;
  }
  smp::CborWriter state = roomy();
  state.map(13);
  state.text("boots").number(facts_.count);
  state.text("cause").text(facts_.cause);
  state.text("codes").number(codes);
  state.text("lock_out").number(static_cast<std::uint32_t>(lock_out_.remaining()));
  state.text("locked").flag(bolt_.locked());
  state.text("log").number(log_.newest());
  state.text("model").text(p_.model.name);
  state.text("rev").text({&p_.model.revision, 1});
  state.text("serial").text(p_.unit.serial);
  state.text("set_up").flag(settings_.get(Key::set_up) == "1");
  state.text("trial").flag(facts_.trial);
  state.text("version").text(facts_.version.to_string());
  state.text("wrong").number(static_cast<std::uint32_t>(lock_out_.wrong_codes()));
  return state.finish();
}

Bytes ServicePort::log_page(ByteView message) const {
  const auto request = smp::decode(message);
  std::uint32_t after = 0;
  if (request && request->body.contains("after") &&
      request->body["after"].is_number_unsigned()) {
    after = request->body["after"];
  }
  const std::vector<Event> events = log_.after(after, kLogPage);
  smp::CborWriter page = roomy();
  page.map(2).text("events").array(static_cast<std::uint32_t>(events.size()));
  for (const Event& event : events) {
    page.map(3);
    page.text("b").number(event.boot);
    page.text("n").number(event.sequence);
    page.text("t").text(event.text);
  }
  page.text("newest").number(log_.newest());
  return page.finish();
}

}  // namespace lockrig::twin
