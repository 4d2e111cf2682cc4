#include "rig/twin/recovery.hpp"

#include <array>

#include "rig/protocol/smp_cbor.hpp"
#include "rig/protocol/smp_line.hpp"
#include "rig/protocol/smp_upload.hpp"
#include "rig/twin/smp_answer.hpp"

namespace lockrig::twin {
namespace {

// MCUboot's default, BOOT_SERIAL_MAX_RECEIVE_SIZE; one message at a time.
constexpr std::size_t kBuffer = 512;

/// As MCUboot's encoder (zcbor) has it: the map of the answer is of indefinite length.
Bytes unbounded(Bytes map) {
  map.front() = 0xbf;  // REQUIRES fewer than 24 entries: the head is one byte
  map.push_back(0xff);
  return map;
}

}  // namespace

// --- the slot ----------------------------------------------------------------------

Task<bool> RecoverySlot::begin(std::size_t size) {
  received_ = expected_ = 0;
  // As for an update: room for the trailer, and for the move of the next update.
  if (size == 0 || size > model_.slot0.size - 2 * kSectorSize) co_return false;
  flash_.set_phase("recovery");
  // What was asked of the boot loader, and how far it had come, is void: it must not
  // act on a slot that holds something else. What is asked for goes first, as in a
  // swap.
  if (model_.strategy == Strategy::swap_move) {
    co_await Trailer(flash_, model_.slot1).clear();
  }
  co_await Trailer(flash_, model_.slot0).clear();
  const std::uint32_t rest = model_.slot0.size - kSectorSize;
  for (std::uint32_t at = 0; at < rest; at += kSectorSize) {
    co_await flash_.erase(model_.slot0.address + at);
  }
  expected_ = size;
  co_return true;
}

Task<void> RecoverySlot::append(ByteView data) {
  co_await flash_.program(model_.slot0.address + static_cast<std::uint32_t>(received_),
                          data);
  received_ += data.size();
  if (received_ == expected_) co_await finish();
}

// In a swap's slot 0 a valid image runs as it is. Where images run in place, it has to
// be marked, and comes before whatever stands in slot 1.
Task<void> RecoverySlot::finish() {
  if (model_.strategy != Strategy::direct_xip) co_return;
  if (!loader_.runnable(model_.slot0)) co_return;
  Trailer trailer(flash_, model_.slot0);
  co_await trailer.set_copy_done();
  co_await trailer.set_image_ok();
  co_await trailer.write_magic();
  co_await Trailer(flash_, model_.slot1).clear();
}

// --- the port ----------------------------------------------------------------------

bool recovery_asked(const Peripherals& p, const std::string& cause) {
  return cause == "power_on" && p.contacts.closed == 1u << p.model.keys.code("enter");
}

Recovery::Recovery(Peripherals& p, const BootLoader& loader)
    : p_(p), slot_(p.flash, p.model, loader) {}

Task<void> Recovery::run(Instant patience) {
  smp::LineDecoder decoder(kBuffer);
  std::array<std::uint8_t, 1024> buffer;
  Instant until = patience;
  for (;;) {
    const ReadResult read = co_await p_.uart.read_some(buffer, until);
    if (read.status != StreamStatus::ok) co_return;
    decoder.feed(ByteView(buffer).first(read.count));
    while (const auto message = decoder.next_message()) {
      until = kNever;
      co_await serve(*message);
    }
  }
}

Task<void> Recovery::serve(ByteView message) {
  const auto header = smp::decode_header(message);
  if (!header) co_return;
  Bytes body = co_await answer(*header, message);
  body = unbounded(std::move(body));
  const Bytes frame = smp::encode_frame(smp_answer(*header, body));
  co_await p_.uart.write(frame);
  if (reset_) {
    p_.reset("command");
    co_await p_.world.never();
  }
}

Task<Bytes> Recovery::answer(const smp::Header& header, ByteView message) {
  const bool write = header.op == smp::Op::write;
  if (header.group == smp::kGroupImage && header.id == smp::kImageUpload && write) {
    co_return co_await upload(message);
  }
  if (header.group == smp::kGroupImage && header.id == smp::kImageState && !write) {
    co_return images();
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsParams) {
    co_return params_body(kBuffer, 1);
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsEcho && write) {
    co_return echo_body(message);
  }
  if (header.group == smp::kGroupOs && header.id == smp::kOsReset && write) {
    reset_ = true;
    co_return rc_body(smp::kRcOk);
  }
  co_return rc_body(smp::kRcNotSupported);
}

Task<Bytes> Recovery::upload(ByteView message) {
  const auto request = smp::decode_upload(message);
  if (!request) co_return rc_body(smp::kRcInvalid);
  if (request->off == 0) {
    if (!request->len) co_return rc_body(smp::kRcInvalid);
    const bool fits = co_await slot_.begin(*request->len);
    if (!fits) co_return rc_body(smp::kRcTooLarge);
  }
  const bool wanted = request->off == slot_.received() &&
                      slot_.received() + request->data.size() <= slot_.expected();
  if (wanted) co_await slot_.append(request->data);
  // A wrong offset is no error: the answer says which one is wanted.
  smp::CborWriter body;
  body.map(2);
  body.text("off").number(static_cast<std::uint32_t>(slot_.received()));
  body.text("rc").number(smp::kRcOk);
  co_return body.finish();
}

Bytes Recovery::images() const {
  std::uint32_t count = 0;
  smp::CborWriter images;
  std::uint32_t number = 0;
  for (const Region& region : {p_.model.slot0, p_.model.slot1}) {
    const ByteView content = stored_image(p_.flash, region);
    const auto parsed = image::parse(content);
    if (const auto* image = std::get_if<image::Parsed>(&parsed)) {
      ++count;
      images.map(3);
      images.text("hash").bytes(image->digest);
      images.text("slot").number(number);
      images.text("version").text(image->header.version.to_string());
    }
    ++number;
  }
  smp::CborWriter body;
  body.map(1).text("images").array(count);
  Bytes all = body.finish();
  const Bytes items = images.finish();
  all.insert(all.end(), items.begin(), items.end());
  return all;
}

}  // namespace lockrig::twin
