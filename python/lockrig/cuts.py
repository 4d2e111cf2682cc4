"""When power goes, for how long, and how. Times are seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

# Twenty times the least that proves a cut (rig/trial/spec.hpp).
OFF_TIME = 2.0
# Before the operation, early in it and late (design: "A cut").
TEAR = (0.0, 0.3, 0.7)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One cut, as rig/trial/spec.hpp has it; the functions below make them."""

    trigger: str
    at: int = 0
    fraction: float = 0.0
    event: str = ""
    delay: float = 0.0
    off: float = OFF_TIME
    style: str = "hard"
    bounces: int = 0
    bounce: float = 0.0

    def with_chatter(self, bounces: int = 6, bounce: float = 0.002) -> "Cut":
        """The same, but the contacts open and close that often first, each for `bounce`
        seconds (100 us to 100 ms)."""
        return replace(self, style="chatter", bounces=bounces, bounce=bounce)

    def as_dip(self, seconds: float) -> "Cut":
        """Not off at all: the station's second, lower rail for 1 ms to 1 s. Only a lock
        that starts anew proves it."""
        return replace(self, style="dip", off=seconds)

    def to_spec(self) -> dict[str, Any]:
        chatter = {
            "bounces": self.bounces,
            "bounce_ns": nanoseconds(self.bounce),
        }
        return {
            **(chatter if self.bounces else {}),
            "trigger": self.trigger,
            "at": self.at,
            "fraction": self.fraction,
            "event": self.event,
            "delay_ns": nanoseconds(self.delay),
            "off_ns": nanoseconds(self.off),
            "style": self.style,
        }


def cut_at_bytes(
    n: int, delay: float = 0.0, style: str = "hard", off: float = OFF_TIME
) -> Cut:
    """When the lock has acknowledged `n` bytes of the image, plus `delay`."""
    return Cut(trigger="bytes", at=n, delay=delay, style=style, off=off)


def cut_at_frames(
    n: int, delay: float = 0.0, style: str = "hard", off: float = OFF_TIME
) -> Cut:
    """When the lock has acknowledged `n` pieces of the image, plus `delay`."""
    return Cut(trigger="frames", at=n, delay=delay, style=style, off=off)


def cut_on_console(
    text: str, delay: float = 0.0, style: str = "hard", off: float = OFF_TIME
) -> Cut:
    """When the lock prints `text`, plus `delay`."""
    return Cut(trigger="console", event=text, delay=delay, style=style, off=off)


def cut_after(
    event: str, delay: float = 0.0, style: str = "hard", off: float = OFF_TIME
) -> Cut:
    """`delay` after "stimulus" (it begins), "power_on" (of the cut before), "bolt_opens"
    or "bolt_locks" (the bolt leaves that end), "check_in" (the portal hears from it).
    """
    return Cut(trigger="event", event=event, delay=delay, style=style, off=off)


def cut_in_op(
    n: int, fraction: float = 0.0, style: str = "hard", off: float = OFF_TIME
) -> Cut:
    """Inside flash operation `n` (0 is the first), with `fraction` of it done."""
    return Cut(trigger="flash_op", at=n, fraction=fraction, style=style, off=off)


def cut_on_busy(delay: float = 0.0, style: str = "hard", off: float = OFF_TIME) -> Cut:
    """At the first flash activity from `delay` after the stimulus on (a later cut: after
    power is back), as the line `busy` shows it. The chip makes it: no host has a part in
    when. Until then nothing is sampled and no key is pressed. A station needs "busy".
    """
    return Cut(trigger="pin", delay=delay, style=style, off=off)


@dataclass(frozen=True)
class FlashOps:
    """A sweep's cuts: in every flash operation of these phases and kinds (all if none
    are named), once for each fraction."""

    tear: tuple[float, ...] = TEAR
    phases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def every_flash_op(
    tear: Sequence[float] = TEAR,
    phases: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> FlashOps:
    """The cuts of an exhaustive sweep; `kinds` are "erase" and "program"."""
    return FlashOps(tuple(tear), tuple(phases), tuple(kinds))


def nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
