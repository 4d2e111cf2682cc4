#include "rig/twin/nor_flash.hpp"

#include <algorithm>
#include <cassert>

namespace lockrig::twin {

NorFlash::NorFlash(World& world, FlashContent& content, std::vector<Region> regions,
                   FlashTiming timing)
    : world_(world),
      content_(content),
      regions_(std::move(regions)),
      timing_(timing),
      idle_(world) {}

Bytes NorFlash::read(std::uint32_t address, std::size_t count) const {
  Bytes bytes;
  content_.append(address, count, bytes);
  return bytes;
}

bool NorFlash::blank(std::uint32_t address, std::size_t count) const {
  return content_.blank(address, count);
}

bool NorFlash::begin(FlashOp::Kind kind, std::uint32_t address, ByteView data) {
  const Duration length =
      kind == FlashOp::Kind::erase ? timing_.erase : timing_.program(data.size());
  current_ = Operation{kind, address, data, world_.now(), length};
  const std::uint64_t index = count_++;
  const auto region =
      std::find_if(regions_.begin(), regions_.end(),
                   [=](const Region& r) { return r.contains(address); });
  const std::string_view name = region == regions_.end() ? "" : region->name;
  if (name.starts_with("slot")) ++slot_count_;
  if (watch_) watch_({index, kind, name, phase_});
  if (busy_) busy_(true);
  if (cut_ && cut_->index == index) return false;
  return world_.skip_to(world_.now() + length);
}

Task<void> NorFlash::wait_for_end() {
  if (cut_ && cut_->index + 1 == count_) {  // begin() has counted it
    const Cut cut = std::move(*cut_);
    cut_.reset();
    co_await world_.sleep_for(
        std::chrono::duration_cast<Duration>(current_->length * cut.fraction),
        "a flash operation that power fails in");
    tear(content_, cut.fraction, cut.seed);
    current_.reset();
    if (cut.fired) cut.fired();
    collapse_();
    co_await world_.never();
  }
  co_await world_.sleep_until(current_->start + current_->length, "a flash operation");
}

Task<void> NorFlash::wait_for_idle() {
  while (current_) co_await idle_.wait(kNever, "the flash to be idle");
}

void NorFlash::finish() {
  if (current_->kind == FlashOp::Kind::erase) {
    content_.erase(current_->address);
  } else {
    content_.program(current_->address, current_->data);
  }
  current_.reset();
  if (busy_) busy_(false);
  if (idle_.awaited()) idle_.notify();
}

void NorFlash::tear(FlashContent& content, double fraction, std::uint64_t seed) const {
  if (current_->kind == FlashOp::Kind::erase) {
    content.tear_erase(current_->address, fraction, seed);
  } else {
    content.tear_program(current_->address, current_->data, fraction, seed);
  }
}

Task<void> NorFlash::erase(std::uint32_t address) {
  if (current_) co_await wait_for_idle();
  if (!begin(FlashOp::Kind::erase, address, {})) co_await wait_for_end();
  finish();
}

Task<void> NorFlash::program(std::uint32_t address, ByteView data) {
  while (!data.empty()) {
    const std::size_t count =
        std::min<std::size_t>(data.size(), kPageSize - address % kPageSize);
    if (current_) co_await wait_for_idle();
    if (!begin(FlashOp::Kind::program, address, data.first(count))) {
      co_await wait_for_end();
    }
    finish();
    address += static_cast<std::uint32_t>(count);
    data = data.subspan(count);
  }
}

Task<void> NorFlash::copy_sector(std::uint32_t from, std::uint32_t to) {
  co_await erase(to);
  const Bytes data = read(from, kSectorSize);
  co_await program(to, data);
}

void NorFlash::power_lost(std::uint64_t seed) {
  if (!current_) return;
  const Duration done = world_.now() - current_->start;
  tear(content_, to_seconds(done) / to_seconds(current_->length), seed);
  current_.reset();
}

std::shared_ptr<const Durable> NorFlash::torn(double fraction, std::uint64_t seed) {
  assert(current_ && snapshot_ && "asked within watch's callback");
  FlashContent content = content_;
  tear(content, fraction, seed);
  return snapshot_(std::move(content));
}

void NorFlash::cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
                      std::function<void()> fired) {
  cut_ = Cut{index, fraction, seed, std::move(fired)};
}

}  // namespace lockrig::twin
