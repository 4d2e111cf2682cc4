#include "rig/trial/cut.hpp"

#include <fmt/format.h>

namespace lockrig::trial {
namespace {

std::string trigger_of(const Cut& cut) {
  const double delay = to_seconds(cut.delay);
  switch (cut.trigger) {
    case Cut::Trigger::flash_op:
      return fmt::format("flash operation {} at {}", cut.at, cut.fraction);
    case Cut::Trigger::bytes:
      return fmt::format("{} bytes acknowledged + {:.3f} s", cut.at, delay);
    case Cut::Trigger::frames:
      return fmt::format("{} frames acknowledged + {:.3f} s", cut.at, delay);
    case Cut::Trigger::console:
      return fmt::format("\"{}\" on the console + {:.3f} s", cut.event, delay);
    case Cut::Trigger::event:
      return fmt::format("{} + {:.3f} s", cut.event, delay);
    case Cut::Trigger::pin:
      return fmt::format("busy, {:.3f} s on or later", delay);
  }
  return "?";
}

}  // namespace

std::string describe(const Cut& cut) {
  std::string text = trigger_of(cut);
  if (cut.style == Cut::Style::dip) {
    text += fmt::format(", a dip of {:.3f} s", to_seconds(cut.off));
  }
  if (cut.style == Cut::Style::chatter) {
    text += fmt::format(", {} bounces of {:.3f} ms", cut.bounces,
                        to_seconds(cut.bounce) * 1000);
  }
  return text;
}

}  // namespace lockrig::trial
