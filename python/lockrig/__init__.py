"""lockrig: a hardware-in-the-loop rig for keypad locks.

import lockrig

with lockrig.open("fixtures/benches/virtual.toml") as bench:
    lock = bench.station("A1")
    lock.power.on()
    lock.keypad.enter("2580")
    lock.bolt.wait_for("retracted", within=2.0)
    trial = lock.push("7000i-A/2.4.0", via="portal")
    print(trial.verdict, trial.lost)
"""

from lockrig._core import (
    QUESTIONS,
    VERDICTS,
    BadInput,
    LimitReached,
    RigError,
    Session,
)
from lockrig._core import version as _version
from lockrig.bench import Bench, open
from lockrig.cuts import (
    Cut,
    FlashOps,
    cut_after,
    cut_at_bytes,
    cut_at_frames,
    cut_in_op,
    cut_on_busy,
    cut_on_console,
    every_flash_op,
)
from lockrig.errors import Inconclusive, LockFault
from lockrig.lock import Lock
from lockrig.sweep import Sweep
from lockrig.sweep_plan import SweepPlan
from lockrig.trial import Trial

__all__ = [
    "QUESTIONS",
    "VERDICTS",
    "BadInput",
    "Bench",
    "Cut",
    "FlashOps",
    "Inconclusive",
    "LimitReached",
    "Lock",
    "LockFault",
    "RigError",
    "Session",
    "Sweep",
    "SweepPlan",
    "Trial",
    "cut_after",
    "cut_at_bytes",
    "cut_at_frames",
    "cut_in_op",
    "cut_on_busy",
    "cut_on_console",
    "every_flash_op",
    "open",
]

__version__ = _version()
