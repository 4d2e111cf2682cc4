// What the station's sensors and probes see of a board, by name.
#pragma once

namespace lockrig {

/// The bolt's and the rail's sensors are the rig's own; they work while the board is
/// dead.
enum class Output {
  rail,  // above the power-on reset threshold
  bolt_extended,
  bolt_retracted,
  led_red,
  led_green,
  beeper,
  busy,
};
inline constexpr int kOutputs = 7;

}  // namespace lockrig
