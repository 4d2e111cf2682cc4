#include "rig/station/signals.hpp"

#include <algorithm>
#include <utility>

namespace lockrig::station {
namespace {

int line_or_none(const Gpio& gpio, std::string_view name) {
  return gpio.has(name) ? gpio.line(name) : -1;
}

bool is_active(Levels levels, int line) {
  return line >= 0 && (levels >> line & 1) != 0;
}

}  // namespace

const char* to_string(Blink::Colour colour) {
  switch (colour) {
    case Blink::green:
      return "green";
    case Blink::red:
      return "red";
    case Blink::orange:
      return "orange";
  }
  return "?";
}

Signals::Signals(Gpio& gpio)
    : gpio_(gpio),
      red_(line_or_none(gpio, "led_red")),
      green_(line_or_none(gpio, "led_green")),
      beeper_(line_or_none(gpio, "beeper")) {}

Task<std::optional<Blink>> Signals::next(Instant until) {
  if (red_ < 0 && green_ < 0) co_return std::nullopt;
  const Instant from = gpio_.world().now();
  std::optional<Blink> found;
  std::size_t looked_at = ended().size();
  while (looked_at > 0 && ended_[looked_at - 1].ended > from) --looked_at;
  std::function<bool()> seen = [&] {
    for (ended(); looked_at < ended_.size(); ++looked_at) {
      const Blink& blink = ended_[looked_at];
      if (blink.ended > from && blink.ended <= until) found = blink;
      if (found) return true;
    }
    return false;
  };
  co_await gpio_.watch(std::move(seen), until);
  co_return found;
}

const std::vector<Blink>& Signals::ended() {
  if (!begun_) {
    begun_ = true;
    const Levels levels = gpio_.initially();
    change(Instant{}, {is_active(levels, red_), is_active(levels, green_)},
           is_active(levels, beeper_));
  }
  const std::vector<Edge>& edges = gpio_.edges();
  while (next_edge_ < edges.size()) {
    const Instant at = edges[next_edge_].at;
    Lamp lamp = lamp_;
    bool beep = beep_;
    for (; next_edge_ < edges.size() && edges[next_edge_].at == at; ++next_edge_) {
      const Edge& edge = edges[next_edge_];
      if (edge.line == red_) lamp.red = edge.active;
      if (edge.line == green_) lamp.green = edge.active;
      if (edge.line == beeper_) beep = edge.active;
    }
    change(at, lamp, beep);
  }
  end_if_dark(gpio_.sampled_to());
  return ended_;
}

void Signals::change(Instant at, Lamp lamp, bool beep) {
  end_if_dark(at);
  if (lamp != lamp_) {
    if (!lamp_.lit()) {
      begin_pulse(at, lamp);
    } else if (!lamp.lit()) {
      end_pulse(at);
    } else if (lamp.red && lamp.green) {
      pulse_colour_ = Blink::orange;
    } else if (!(lamp_.red && lamp_.green)) {
      end_pulse(at);
      begin_pulse(at, lamp);
    }
    // From both to one: the two LEDs of an orange pulse need not end at one sample.
  }
  lamp_ = lamp;
  beep_ = beep;
  if (beep && lamp.lit()) pulse_beeped_ = true;
  if (beep && !lamp.lit() && open_) open_->beeped = true;
}

void Signals::begin_pulse(Instant at, Lamp lamp) {
  pulse_at_ = at;
  pulse_beeped_ = false;
  pulse_colour_ = lamp.red && lamp.green ? Blink::orange
                  : lamp.red             ? Blink::red
                                         : Blink::green;
}

void Signals::end_pulse(Instant at) {
  if (open_ && open_->colour != pulse_colour_) end_signal(pulse_at_);
  if (!open_) open_ = Blink{pulse_at_, pulse_colour_, 0, false, {}};
  ++open_->count;
  open_->beeped = open_->beeped || pulse_beeped_;
  dark_since_ = at;
}

void Signals::end_if_dark(Instant at) {
  if (open_ && !lamp_.lit() && at - dark_since_ >= kDark) {
    end_signal(dark_since_ + kDark);
  }
}

void Signals::end_signal(Instant at) {
  open_->ended = at;
  ended_.push_back(*std::exchange(open_, std::nullopt));
}

}  // namespace lockrig::station
