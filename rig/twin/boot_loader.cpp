#include "rig/twin/boot_loader.hpp"

#include <algorithm>
#include <array>

#include "rig/protocol/image_layout.hpp"
#include "rig/twin/image_check.hpp"

namespace lockrig::twin {
BootLoader::BootLoader(NorFlash& flash, const LockModel& model, const Defects& defects)
    : flash_(flash),
      model_(model),
      defects_(defects),
      progress_(flash, model.slot0),
      request_(flash, model.slot1) {}

Task<std::optional<Boot>> BootLoader::run() {
  flash_.set_phase("boot");
  if (defects_.has(kLockstate2017)) co_return co_await run_overwrite();
  if (model_.strategy == Strategy::swap_move) co_return co_await run_swap_move();
  co_return co_await run_direct_xip();
}

std::optional<image::Header> BootLoader::valid(const Region& slot) const {
  const ByteView content = stored_image(flash_, slot);
  if (content.empty()) return std::nullopt;
  const auto parsed = image::parse(content);
  const auto* found = std::get_if<image::Parsed>(&parsed);
  if (found == nullptr) return std::nullopt;
  if (fault_of(*found, model_, defects_) != image::Fault::none) return std::nullopt;
  if (misfit_of(found->identity, model_, defects_) != Misfit::none) return std::nullopt;
  return found->header;
}

bool BootLoader::runnable(const Region& slot) const {
  // The defect runs whatever has a header: it trusts what serial recovery has written.
  if (defects_.has(kRecoveryUnchecked)) return !stored_image(flash_, slot).empty();
  return valid(slot).has_value();
}

std::uint32_t BootLoader::sectors_of(const Region& slot) const {
  const std::size_t size = stored_image(flash_, slot).size();
  return static_cast<std::uint32_t>((size + kSectorSize - 1) / kSectorSize);
}

// --- swap-move ---------------------------------------------------------------------

Task<std::optional<Boot>> BootLoader::run_swap_move() {
  // Whatever reads as set now must still do so at the next boot: see Trailer.
  co_await progress_.reinforce();
  co_await request_.reinforce();

  const bool swapping =
      progress_.magic_good() && progress_.swap_type() && !progress_.copy_done();
  const bool asked = request_.magic_good() && request_.swap_type();
  // The defect takes back what is on trial only where nothing stands in slot 1's
  // trailer, and a request that power failed in is not nothing.
  const bool half_asked = defects_.has(kMcuboot1966) && request_.magic() == Magic::bad;
  bool fresh = false;  // slot 0 was filled just now: its image has not run yet
  if (swapping) {
    co_await finish_swap(true);
    fresh = true;
  } else if (asked && request_is_served()) {
    flash_.set_phase("swap");
    co_await request_.clear();
    fresh = true;
  } else if (asked) {
    fresh = co_await serve_request();
  } else if (!request_.blank() && !half_asked) {
    co_await request_.clear();
  }

  const bool on_trial = progress_.magic_good() && progress_.copy_done() &&
                        !progress_.image_ok() &&
                        progress_.swap_type() == SwapType::test;
  if (on_trial && !fresh && !half_asked && !defects_.has(kNoRollback)) {
    // It has run once and did not confirm itself. The wish to take it back is written
    // down first, because starting the swap wipes the trial's own mark.
    flash_.set_phase("revert");
    const std::uint32_t sectors = progress_.swap_sectors();
    co_await request_.clear();
    co_await request_.write_swap(SwapType::revert, sectors);
    co_await request_.write_magic();
    co_await start_swap(SwapType::revert, sectors);
    co_await finish_swap(false);
  }
  flash_.set_phase("boot");
  if (!runnable(model_.slot0)) co_return std::nullopt;
  co_return Boot{model_.slot0, progress_.magic_good() && progress_.copy_done() &&
                                   !progress_.image_ok()};
}

bool BootLoader::request_is_served() const {
  // The swap is done and only its request was not wiped. A new request never looks so:
  // firmware files none before its own trial is confirmed.
  if (!progress_.magic_good() || !progress_.copy_done()) return false;
  if (progress_.swap_type() != request_.swap_type()) return false;
  return request_.swap_type() == SwapType::revert || !progress_.image_ok();
}

Task<bool> BootLoader::serve_request() {
  const SwapType type = *request_.swap_type();
  flash_.set_phase(type == SwapType::revert ? "revert" : "swap");
  if (type != SwapType::revert && !valid(model_.slot1)) {
    co_await request_.clear();
    co_return false;
  }
  const std::uint32_t sectors =
      type == SwapType::revert ? request_.swap_sectors() : sectors_to_swap();
  // Slot 0 needs a spare sector for the move, and the trailer's.
  if ((sectors + 2) * kSectorSize > model_.slot0.size) {
    // The defect goes on without a word: the request stands for ever.
    if (!defects_.has(kMcuboot1592)) co_await request_.clear();
    co_return false;
  }
  co_await start_swap(type, sectors);
  co_await finish_swap(false);
  co_return true;
}

// Both images have to be moved whole, whichever is the longer.
std::uint32_t BootLoader::sectors_to_swap() const {
  const std::uint32_t incoming = sectors_of(model_.slot1);
  if (defects_.has(kMcuboot2109)) return incoming;
  return std::max(sectors_of(model_.slot0), incoming);
}

Task<void> BootLoader::start_swap(SwapType type, std::uint32_t sectors) {
  co_await progress_.clear();
  co_await progress_.write_swap(type, sectors);
  co_await progress_.write_magic();
}

Task<void> BootLoader::finish_swap(bool resumed) {
  const SwapType type = *progress_.swap_type();
  const std::uint32_t sectors = progress_.swap_sectors();
  flash_.set_phase(type == SwapType::revert ? "revert" : "swap");
  const bool done_first = defects_.has(kCopyDoneFirst);
  if (done_first) co_await progress_.set_copy_done();
  std::uint32_t step = defects_.has(kSwapProgressDropped) ? 0 : progress_.steps_done();
  for (; step < 3 * sectors; ++step) {
    co_await take_step(step, sectors);
    co_await progress_.set_step_done(step);
  }
  if (defects_.has(kMcuboot480) && resumed && type == SwapType::revert) {
    // Which swap this was is no longer known, and the confirmation of what now runs
    // lands behind the image that failed: as if that were wanted for good.
    co_await progress_.set_copy_done();
    co_await request_.clear();
    co_await request_.write_swap(SwapType::permanent, sectors);
    co_await request_.set_image_ok();
    co_await request_.write_magic();
    co_return;
  }
  if (type != SwapType::test) co_await progress_.set_image_ok();
  if (!done_first) co_await progress_.set_copy_done();
  co_await request_.clear();
}

// First slot 0 moves up by one sector, from its end; then, sector by sector, slot 1's
// goes to slot 0 and the one above it to slot 1. Every step reads only what no later
// step has touched, so the step that was cut can always be taken again.
Task<void> BootLoader::take_step(std::uint32_t step, std::uint32_t sectors) {
  const auto in0 = [this](std::uint32_t i) {
    return model_.slot0.address + i * kSectorSize;
  };
  const auto in1 = [this](std::uint32_t i) {
    return model_.slot1.address + i * kSectorSize;
  };
  if (step < sectors) {
    const std::uint32_t i = sectors - 1 - step;
    co_await flash_.copy_sector(in0(i), in0(i + 1));
  } else {
    const std::uint32_t i = (step - sectors) / 2;
    if ((step - sectors) % 2 == 0) {
      co_await flash_.copy_sector(in1(i), in0(i));
    } else {
      co_await flash_.copy_sector(in0(i + 1), in1(i));
    }
  }
}

// --- direct execution in place -----------------------------------------------------

Task<std::optional<Boot>> BootLoader::run_direct_xip() {
  struct Candidate {
    Region slot;
    image::Version version;
  };
  std::vector<Candidate> candidates;
  for (const Region& slot : {model_.slot0, model_.slot1}) {
    Trailer trailer(flash_, slot);
    if (trailer.magic_good()) {
      co_await trailer.reinforce();
      const Bytes start = flash_.read(slot.address, image::kHeaderSize);
      const auto header = image::parse_header(start);
      if (header && runnable(slot)) {
        candidates.push_back({slot, header->version});
      } else {
        co_await trailer.clear();
      }
    } else if (!trailer.blank()) {
      co_await trailer.clear();
    }
  }
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.version > b.version; });
  for (const Candidate& candidate : candidates) {
    Trailer trailer(flash_, candidate.slot);
    if (trailer.image_ok()) co_return Boot{candidate.slot, false};
    if (!trailer.copy_done()) {
      flash_.set_phase("trial");
      co_await trailer.set_copy_done();
      flash_.set_phase("boot");
      co_return Boot{candidate.slot, true};
    }
    if (defects_.has(kNoRollback)) co_return Boot{candidate.slot, true};
    co_await reject(candidate.slot);
  }
  co_return std::nullopt;
}

Task<void> BootLoader::reject(const Region& slot) {
  flash_.set_phase("revert");
  const std::uint32_t sectors = sectors_of(slot);
  co_await Trailer(flash_, slot).clear();
  for (std::uint32_t i = 0; i < sectors; ++i) {
    co_await flash_.erase(slot.address + i * kSectorSize);
  }
  flash_.set_phase("boot");
}

// --- the 2017 lock -----------------------------------------------------------------

Task<std::optional<Boot>> BootLoader::run_overwrite() {
  if (request_.magic_good() && !request_.image_ok() && valid(model_.slot1)) {
    flash_.set_phase("swap");
    const std::uint32_t sectors = sectors_of(model_.slot1);
    for (std::uint32_t i = 0; i < sectors; ++i) {
      co_await flash_.copy_sector(model_.slot1.address + i * kSectorSize,
                                  model_.slot0.address + i * kSectorSize);
    }
    co_await request_.clear();
    flash_.set_phase("boot");
  }
  if (!valid(model_.slot0)) co_return std::nullopt;
  co_return Boot{model_.slot0, false};
}

ByteView stored_image(const NorFlash& flash, const Region& slot) {
  const ByteView room = flash.whole(slot).first(slot.size - kSectorSize);
  const auto size = image::total_size(room);
  return size ? room.first(*size) : ByteView{};
}

// --- what the firmware asks --------------------------------------------------------

const Region& staging_slot(const LockModel& model, const Region& running) {
  return running.address == model.slot0.address ? model.slot1 : model.slot0;
}

Task<void> request_trial(NorFlash& flash, const LockModel& model,
                         const Region& staging) {
  Trailer trailer(flash, staging);
  if (model.strategy == Strategy::swap_move) {
    co_await trailer.write_swap(SwapType::test, 0);
  }
  co_await trailer.write_magic();
}

bool trial_requested(NorFlash& flash, const LockModel& model, const Region& staging) {
  // Where images run in place, a good trailer says no more than that one is there.
  if (model.strategy != Strategy::swap_move) return false;
  return Trailer(flash, staging).magic_good();
}

Task<void> confirm(NorFlash& flash, const Region& running) {
  co_await Trailer(flash, running).set_image_ok();
}

}  // namespace lockrig::twin
