// What the oracle holds a lock to. A limit is a proposal of the lab, not a quotation
// from a standard, unless its comment in fixtures/boards/<model>/board.toml says so.
#pragma once

#include "rig/core/units.hpp"

namespace lockrig::trial {

struct Limits {
  Duration boot_max{};       // power on to a working lock, an unfinished swap included
  Duration unlock_max{};     // last key of a right code to the bolt retracted
  Duration lock_max{};       // a request to lock to the bolt extended
  Duration relock_max{};     // bolt retracted to extended again, unasked
  Duration signal_max{};     // last key of a code to the signal that answers it
  Duration check_in_max{};   // network back to a check-in, on a lock that keeps time
  Duration update_max{};     // an update asked for to the new image running
  Duration confirm_max{};    // the new image running to confirmed or taken back
  int wrong_code_limit = 0;  // the lock-out comes with this many wrong codes in a row
  Duration lock_out_max{};   // its start to a right code opening again
  Duration off_min{};        // rail below power-on reset, for a cut to be proven
  /// Power off to the rail below power-on reset: beyond it something feeds the board.
  /// Assumed, ten times what a 6000i's rail is taken to need (fixtures/boards, rail).
  Duration fall_hard_max = 25ms;
  Duration fall_pull_max = 550ms;
  Duration entry_timeout{};  // not judged but waited out: a code or a programming mode
                             // that nobody goes on with is forgotten by then
};

}  // namespace lockrig::trial
