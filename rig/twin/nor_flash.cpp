#include "rig/twin/nor_flash.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace lockrig::twin {
namespace {

void tear_operation(FlashContent& content, FlashOp::Kind kind, std::uint32_t address,
                    ByteView data, double fraction, std::uint64_t seed) {
  if (kind == FlashOp::Kind::erase) {
    content.tear_erase(address, fraction, seed);
  } else {
    content.tear_program(address, data, fraction, seed);
  }
}

/// Shares its sectors with the flash until that writes them.
class Moment final : public FlashMoment {
 public:
  Moment(FlashContent content, FlashOp::Kind kind, std::uint32_t address, ByteView data,
         NorFlash::MakeDurable make)
      : content_(std::move(content)),
        kind_(kind),
        address_(address),
        data_(data.begin(), data.end()),
        make_(std::move(make)) {}

  std::shared_ptr<const Durable> torn(double fraction,
                                      std::uint64_t seed) const override {
    FlashContent content = content_;
    tear_operation(content, kind_, address_, data_, fraction, seed);
    return make_(std::move(content));
  }

 private:
  FlashContent content_;
  FlashOp::Kind kind_;
  std::uint32_t address_;
  Bytes data_;
  NorFlash::MakeDurable make_;
};

}  // namespace

NorFlash::NorFlash(World& world, FlashContent& content, std::vector<Region> regions,
                   FlashTiming timing)
    : world_(world),
      content_(content),
      regions_(std::move(regions)),
      kept_(regions_.size()),
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

ByteView NorFlash::whole(const Region& region) const {
  const Region* const own = find_region(region.address);
  if (own == nullptr) throw std::logic_error("no region of this flash");
  Bytes& kept = kept_[static_cast<std::size_t>(own - regions_.data())];
  if (kept.empty()) content_.append(own->address, own->size, kept);
  return kept;
}

void NorFlash::forget_region() {
  if (region_ != nullptr) {
    kept_[static_cast<std::size_t>(region_ - regions_.data())].clear();
  }
}

const Region* NorFlash::find_region(std::uint32_t address) const {
  const auto found = std::find_if(regions_.begin(), regions_.end(),
                                  [=](const Region& r) { return r.contains(address); });
  return found == regions_.end() ? nullptr : &*found;
}

bool NorFlash::begin(FlashOp::Kind kind, std::uint32_t address, ByteView data,
                     bool first) {
  const Duration length =
      kind == FlashOp::Kind::erase ? timing_.erase : timing_.program(data.size());
  current_ = Operation{kind, address, data, world_.now(), length};
  const std::uint64_t index = count_++;
  // Operations come in rows.
  if (region_ == nullptr || !region_->contains(address)) region_ = find_region(address);
  const std::string_view name = region_ == nullptr ? "" : region_->name;
  if (name.starts_with("slot")) ++slot_count_;
  if (watch_) watch_({index, kind, name, phase_});
  if (first && busy_) busy_(true);
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
    tear(cut.fraction, cut.seed);
    current_.reset();
    if (cut.fired) cut.fired();
    collapse_();
    co_await world_.never();
  }
  const Instant due = current_->start + current_->length;
  if (!world_.skip_to(due)) co_await world_.wake_at(due, "a flash operation");
}

Task<void> NorFlash::wait_for_idle() {
  while (current_) co_await idle_.wait(kNever, "the flash to be idle");
}

void NorFlash::finish(bool last) {
  forget_region();
  if (current_->kind == FlashOp::Kind::erase) {
    content_.erase(current_->address);
  } else {
    content_.program(current_->address, current_->data);
  }
  current_.reset();
  if (last && busy_) busy_(false);
  if (idle_.awaited()) idle_.notify();
}

void NorFlash::tear(double fraction, std::uint64_t seed) {
  forget_region();
  tear_operation(content_, current_->kind, current_->address, current_->data, fraction,
                 seed);
}

Task<void> NorFlash::erase(std::uint32_t address) {
  if (current_) co_await wait_for_idle();
  if (!begin(FlashOp::Kind::erase, address, {}, true)) co_await wait_for_end();
  finish(true);
}

Task<void> NorFlash::program(std::uint32_t address, ByteView data) {
  for (bool first = true; !data.empty(); first = false) {
    const std::size_t count =
        std::min<std::size_t>(data.size(), kPageSize - address % kPageSize);
    if (current_) co_await wait_for_idle();
    if (!begin(FlashOp::Kind::program, address, data.first(count), first)) {
      co_await wait_for_end();
    }
    address += static_cast<std::uint32_t>(count);
    data = data.subspan(count);
    finish(data.empty());
  }
}

Task<void> NorFlash::copy_sector(std::uint32_t from, std::uint32_t to) {
  co_await erase(to);
  co_await program(to, view(from, kSectorSize));
}

void NorFlash::power_lost(std::uint64_t seed) {
  if (!current_) return;
  const Duration done = world_.now() - current_->start;
  tear(to_seconds(done) / to_seconds(current_->length), seed);
  current_.reset();
}

std::shared_ptr<const FlashMoment> NorFlash::moment() {
  assert(current_ && freeze_ && "asked within watch's callback");
  return std::make_shared<Moment>(content_, current_->kind, current_->address,
                                  current_->data, freeze_());
}

void NorFlash::cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
                      std::function<void()> fired) {
  cut_ = Cut{index, fraction, seed, std::move(fired)};
}

}  // namespace lockrig::twin
