#include "rig/twin/updater.hpp"

#include <algorithm>

#include "rig/protocol/image_layout.hpp"
#include "rig/twin/image_check.hpp"

namespace lockrig::twin {

const char* to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "";
    case Refusal::model:
      return "MODEL";
    case Refusal::revision:
      return "REVISION";
    case Refusal::downgrade:
      return "DOWNGRADE";
    case Refusal::signature:
      return "SIGNATURE";
    case Refusal::format:
      return "FORMAT";
    case Refusal::locked:
      return "LOCKED";
    case Refusal::size:
      return "SIZE";
    case Refusal::state:
      return "STATE";
  }
  return "?";
}

Updater::Updater(Peripherals& p, Settings& settings, AuditLog& log, const Boot& boot,
                 std::uint32_t boots)
    : p_(p),
      settings_(settings),
      log_(log),
      boot_(boot),
      boots_(boots),
      staging_(p.defects.has(kStagesOverItself) ? p.model.slot1
                                                : staging_slot(p.model, boot.slot)),
      requested_(trial_requested(p.flash, p.model, staging_)) {}

// Both slots hold a trailer in their last sector, and swap-move needs a spare one.
std::uint32_t Updater::capacity() const {
  const bool forgets_the_spare = p_.defects.has(kMcuboot1592);
  return staging_.size - (forgets_the_spare ? 1 : 2) * kSectorSize;
}

Task<Refusal> Updater::begin(std::size_t size, Way way) {
  way_ = way;
  active_ = staged_ = false;
  head_.clear();
  expected_ = size;
  received_ = written_ = 0;
  version_ = {};
  if (boot_.trial || requested_) co_return co_await refuse(Refusal::state);
  if (size < image::kHeaderSize) co_return co_await refuse(Refusal::format);
  if (size > capacity()) co_return co_await refuse(Refusal::size);
  active_ = true;
  co_return Refusal::none;
}

Task<Refusal> Updater::append(ByteView data) {
  if (!active_) co_return Refusal::state;
  if (received_ + data.size() > expected_) co_return co_await refuse(Refusal::size);
  received_ += data.size();
  if (written_ > 0) {
    co_await write(data);
  } else {
    head_.insert(head_.end(), data.begin(), data.end());
    if (head_.size() < image::kHeaderSize) co_return Refusal::none;
    const bool erases_first = p_.defects.has(kErasesBeforeChecking);
    if (erases_first) co_await make_room();
    if (const Refusal refusal = judge_header(); refusal != Refusal::none) {
      co_return co_await refuse(refusal);
    }
    if (!erases_first) co_await make_room();
    co_await write(head_);
  }
  if (received_ < expected_) co_return Refusal::none;
  co_return co_await judge_whole();
}

Task<void> Updater::make_room() {
  p_.flash.set_phase("staging");
  co_await Trailer(p_.flash, staging_).clear();
  for (std::uint32_t at = 0; at < expected_; at += kSectorSize) {
    co_await p_.flash.erase(staging_.address + at);
    if (staging_.address == boot_.slot.address) {
      // The code that runs has erased itself.
      p_.reset("fault");
      co_await p_.world.never();
    }
  }
}

Task<void> Updater::write(ByteView data) {
  p_.flash.set_phase("staging");
  co_await p_.flash.program(staging_.address + written_, data);
  written_ += static_cast<std::uint32_t>(data.size());
  p_.flash.set_phase("run");
}

Refusal Updater::judge_header() const {
  const auto header = image::parse_header(head_);
  const auto identity = image::early_identity(head_);
  if (!header || !identity) return Refusal::format;
  const bool looks = !p_.defects.has(kSerialPathUnchecked) || way_ != Way::serial;
  const Misfit misfit = misfit_of(*identity, p_.model, p_.defects);
  if (looks && misfit == Misfit::model) return Refusal::model;
  if (looks && misfit == Misfit::revision) return Refusal::revision;
  // The running image was verified whole at boot: its header is enough.
  const Bytes running = p_.flash.read(boot_.slot.address, image::kHeaderSize);
  const auto now = image::parse_header(running);
  const auto now_identity = image::early_identity(running);
  const bool any_version = p_.defects.has(kAcceptsDowngrade);
  if (now && now_identity && p_.model.fits(*identity) && !any_version) {
    // A newer counter is the vendor's leave to go back (RFC 9124, REQ.SEC.SEQUENCE).
    const bool older = identity->security_counter < now_identity->security_counter ||
                       (identity->security_counter == now_identity->security_counter &&
                        header->version < now->version);
    if (older) return Refusal::downgrade;
  }
  return Refusal::none;
}

Task<Refusal> Updater::judge_whole() {
  active_ = false;
  const Bytes content = p_.flash.read(staging_.address, expected_);
  const auto parsed = image::parse(content);
  if (std::holds_alternative<image::Fault>(parsed)) {
    co_return co_await refuse(Refusal::format);
  }
  const auto& image = std::get<image::Parsed>(parsed);
  switch (fault_of(image, p_.model, p_.defects)) {
    case image::Fault::none:
      break;
    case image::Fault::unsigned_image:
    case image::Fault::unknown_key:
    case image::Fault::bad_signature:
      co_return co_await refuse(Refusal::signature);
    default:
      co_return co_await refuse(Refusal::format);
  }
  staged_ = true;
  digest_ = image.digest;
  version_ = image.header.version;
  co_return Refusal::none;
}

Task<Refusal> Updater::refuse(Refusal refusal) {
  active_ = staged_ = false;
  std::string version = "?";
  if (const auto header = image::parse_header(head_)) {
    version = header->version.to_string();
  }
  last_refusal_ = std::string(to_string(refusal)) + " " + version;
  co_await log_.add(boots_, "refused " + last_refusal_);
  co_return refusal;
}

Task<void> Updater::request() {
  requested_ = true;
  co_await settings_.set(Key::pending, version_.to_string());
  co_await log_.add(boots_, "update to " + version_.to_string());
  p_.flash.set_phase("trailer");
  co_await request_trial(p_.flash, p_.model, staging_);
  p_.flash.set_phase("run");
}

std::vector<Updater::Slot> Updater::slots() const {
  std::vector<Slot> slots;
  int number = 0;
  for (const Region& region : {p_.model.slot0, p_.model.slot1}) {
    const ByteView content = stored_image(p_.flash, region);
    const auto parsed = image::parse(content);
    if (const auto* image = std::get_if<image::Parsed>(&parsed)) {
      const bool active = region.address == boot_.slot.address;
      slots.push_back({number, image->header.version, image->digest, active,
                       active && !boot_.trial, !active && requested_});
    }
    ++number;
  }
  return slots;
}

}  // namespace lockrig::twin
