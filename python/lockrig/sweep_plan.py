"""What a sweep cuts, and how it chooses (rig/trial/sweep_plan.hpp). Times are seconds."""

from dataclasses import dataclass, replace
from typing import Any

from lockrig._core import trials_for
from lockrig.cuts import TEAR, Cut, nanoseconds

AXES = ("flash_ops", "bytes", "time")
CHOICES = ("all", "linear", "random", "bisect", "adaptive")
PHASES = (
    "staging",
    "trailer",
    "swap",
    "trial",
    "confirm",
    "revert",
    "boot",
    "run",
    "recovery",
    "reset",
)
# What is looked at first when a boundary is to be bisected.
FIRST_GRID = 17


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """`axis`: along what the moment of the cut moves. "flash_ops" is every operation of
    these phases, kinds ("erase", "program") and regions (all where none is named), at
    each fraction of `tear`; None is any fraction, for random draws. "bytes" and "time"
    go from `span[0]` to `span[1]` in steps of `span[2]`, on any bench.

    `choose`: "all"; "linear", `count` evenly; "random", `count` independent draws, each
    a chain of `chain` cuts, the later ones within `window` of power's return; "bisect",
    `count` evenly and then every change of outcome to the step; "adaptive", `count` in
    all, half of them evenly and the rest where outcomes change.

    `after` are cuts that come first: what is swept is the recovery from them. Each point
    is judged `repeats` times. `seconds` is a budget: a sweep that is not done by then
    ends in good order, and says so.
    """

    axis: str = "flash_ops"
    phases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    tear: tuple[float, ...] | None = TEAR
    span: tuple[float, float, float] | None = None
    choose: str = "all"
    count: int = 0
    after: tuple[Cut, ...] = ()
    chain: int = 1
    window: float = 4.0
    style: str = "hard"
    repeats: int = 1
    seconds: float | None = None
    stop_at_first: bool = False

    def to_core(self) -> dict[str, Any]:
        plan: dict[str, Any] = {
            "axis": self.axis,
            "phases": list(self.phases),
            "kinds": list(self.kinds),
            "regions": list(self.regions),
            "fractions": list(self.tear or ()),
            "choose": self.choose,
            "count": self.count,
            "cuts": self.chain,
            "window": self.window,
            "style": self.style,
            "repeats": self.repeats,
            "stop_at_first": self.stop_at_first,
        }
        if self.choose == "bisect" and not self.count:
            plan["count"] = FIRST_GRID
        if self.span is not None:
            is_time = self.axis == "time"
            for key, value in zip(("from", "to", "step"), self.span, strict=True):
                if value < 0:
                    raise ValueError(f"a span's {key} is not {value:g}")
                plan[key] = nanoseconds(value) if is_time else round(value)
        return plan

    @property
    def is_exhaustive(self) -> bool:
        """Every operation that there is, at each fraction."""
        return (
            self.axis == "flash_ops"
            and self.choose == "all"
            and not self.after
            and self.repeats == 1
        )

    @property
    def is_independent(self) -> bool:
        """What a bound of a rate may rest on."""
        return self.choose == "random"

    def for_rate(self, max_rate: float, confidence: float) -> "SweepPlan":
        """As many independent draws as show that rate, if none fails."""
        return replace(self, choose="random", count=trials_for(max_rate, confidence))
