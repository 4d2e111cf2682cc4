"""The parts of a lock and of its station, for working with one by hand.

Each acts on the lock's current session, in that world's own time; times are seconds.
"""

from collections.abc import Callable
from typing import Any

from lockrig._core import Session
from lockrig.errors import LockFault

# Seconds; twice what 9600 baud need for one step (rig/station/supply.hpp).
RAMP_STEP = 0.2


class Part:
    """`session` opens the lock's session where there is none yet."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._open = session

    @property
    def session(self) -> Session:
        return self._open()


class Power(Part):
    """The station's power switch."""

    def on(self) -> float:
        """Waits until the lock has started, and returns the seconds that took."""
        took = self.session.power_on()
        if took is None:
            raise LockFault(f"{self.session.station}: the lock did not start")
        return took

    def off(self, style: str = "hard") -> dict[str, Any]:
        """`style`: "hard" (discharged) or "pull" (the battery taken out)."""
        return self.session.power_off(style)

    def cycle(self, off: float = 2.0, style: str = "hard") -> dict[str, Any]:
        return self.session.power_cycle(off, style)

    def interrupt(self, seconds: float, style: str = "hard") -> float | None:
        """Off and on again, 1 ms to 1 s by the chip's own clock. The seconds that the
        rail was down; None if it was not seen to fall."""
        achieved: float | None = self.session.interrupt(seconds, style)["achieved"]
        return achieved

    def dip(self, seconds: float) -> bool:
        """The second, lower rail for 1 ms to 1 s by the chip's own clock. True if it
        fell below power-on reset; whether the lock rode through, it says itself.
        ValueError where the station has no line for it."""
        return self.session.dip(seconds)["rail_fell"] is not None


class Supply(Part):
    """The programmable supply in the place of the battery. ValueError where none is
    fitted, and above the limits of the bench file."""

    def voltage(self, volts: float) -> None:
        self.session.supply_voltage(_milli(volts))

    def current_limit(self, amps: float) -> None:
        """More than that trips it."""
        self.session.supply_current_limit(_milli(amps))

    def output(self, on: bool) -> None:
        """The battery is in, or out."""
        self.session.supply_output(on)

    def measure(self) -> tuple[float, float]:
        """Volts and amperes."""
        mv, ma = self.session.supply_measure()
        return mv / 1000, ma / 1000

    def tripped(self) -> bool:
        """Over-current has switched it off."""
        return self.session.supply_tripped()

    def clear_trip(self) -> None:
        """It stays off until output(True)."""
        self.session.supply_clear_trip()

    def ramp(
        self, start: float, end: float, seconds: float, steps: int = 0
    ) -> dict[str, Any]:
        """From `start` to `end` volts in equal steps: `reached` (volts), `tripped` (which
        ends it there) and `late`, the seconds that the worst step was late. `steps`: one
        each RAMP_STEP, if 0."""
        count = steps or max(1, int(seconds / RAMP_STEP))
        ramp = self.session.supply_ramp(_milli(start), _milli(end), seconds, count)
        reached = ramp.pop("reached_mv") / 1000
        return {"reached": reached, **ramp}


class Keypad(Part):
    """The keys, as a person presses them."""

    def enter(self, code: str) -> str:
        """A code and the enter key; what came of it: "opened" "locked" "refused"
        "programming" "done" "blind" "dead"."""
        return self.session.enter(code, may_open=True)[0]

    def type(
        self, keys: str, hold: float | None = None, gap: float | None = None
    ) -> None:
        """Digits one after the other, without enter, `gap` from a release to the next
        press; the station's own times for None."""
        self.session.type(list(keys), hold, gap)

    def press(self, key: str, hold: float = 0.08) -> None:
        self.session.press(key, hold)

    def hold(self, key: str) -> None:
        self.session.hold(key)

    def release(self) -> None:
        self.session.release()

    def program(self, programming_code: str, *entries: str) -> bool:
        """The programming code, then each entry; False if the lock did not take it."""
        return self.session.program(programming_code, list(entries))


class Bolt(Part):
    """The bolt, as the rig's own sensors see it."""

    @property
    def position(self) -> str:
        """ "extended" "retracted" "between" "contradictory"."""
        return self.session.bolt()

    def wait_for(self, position: str, within: float) -> None:
        """Raises LockFault if it does not come there in time."""
        session = self.session
        if not session.wait_bolt(position, within):
            raise LockFault(
                f"{session.station}: bolt {session.bolt()}, not {position},"
                f" after {within:g} s"
            )

    def motions(self) -> list[tuple[float, str, str]]:
        """When, from where, to where."""
        return self.session.motions()


class Signals(Part):
    """LED and beeper."""

    def next(self, within: float = 2.0) -> tuple[str, int, bool] | None:
        """Colour, count, whether it beeped; None if there was none."""
        return self.session.signal(within)

    def all(self) -> list[tuple[float, str, int]]:
        return self.session.blinks()


class Flash(Part):
    """The board's flash operations, or its disk's writes, and cuts inside them. ValueError
    where the station cannot count them."""

    def count(self) -> int:
        """So far in this session."""
        return self.session.flash_ops()

    def watch(self) -> None:
        """Notes each operation from now on, and forgets those of before."""
        self.session.watch_flash_ops()

    def seen(self) -> list[dict[str, Any]]:
        """What was noted: index, kind, region, phase, and offset and length in bytes
        where they are known."""
        return self.session.seen_flash_ops()

    def cut_at(self, index: int, fraction: float) -> None:
        """Power goes inside operation `index` (0 is the first of the session) with that
        much of it done, and stays away until power.off() and power.on()."""
        self.session.cut_at_flash_op(index, fraction)

    def disarm(self) -> None:
        """Forgets a cut that has not come."""
        self.session.disarm_cut()

    def wait_for_cut(self, within: float) -> float | None:
        """When it came, in the session's seconds; None if it did not."""
        return self.session.wait_for_cut(within)


class Console(Part):
    """The board's console. Its own words are None where it gives no answer; what is
    typed needs a text console (ValueError)."""

    def command(self, text: str, within: float = 5.0) -> str:
        """What it printed up to the next prompt. LockFault if no prompt came."""
        reply = self.session.console_command(text, within)
        if reply["failure"] is not None:
            raise LockFault(f"{self.session.station}: {reply['failure']}")
        return str(reply["answer"])

    def ask(self, name: str) -> dict[str, str]:
        """The named groups of the answer to a command of the profile. LockFault if it
        does not match, beside the pattern."""
        reply = self.session.console_ask(name)
        if reply["failure"] is not None:
            raise LockFault(f"{self.session.station}: {reply['failure']}")
        return dict(reply["answer"])

    def type(self, text: str) -> None:
        """Without a line's end."""
        self.session.console_type(text)

    def expect(self, pattern: str, within: float = 5.0) -> dict[str, str] | None:
        """The named groups of the first match in what comes; None if none came."""
        return self.session.console_expect(pattern, within)

    def state(self) -> dict[str, Any] | None:
        return self.session.state()

    def images(self) -> list[dict[str, Any]] | None:
        return self.session.images()

    def log(self) -> list[dict[str, Any]] | None:
        return self.session.log()


class Portal(Part):
    """The rig's stand-in for the locks' web service, and the network to it."""

    def check_ins(self) -> list[dict[str, Any]]:
        return self.session.check_ins()

    def wait_for_check_in(self, within: float) -> dict[str, Any]:
        """Raises LockFault if none comes in time."""
        seen = self.session.next_check_in(within)
        if seen is None:
            raise LockFault(f"{self.session.station}: no check-in in {within:g} s")
        return seen

    def events(self) -> list[dict[str, Any]]:
        """The lock's log, as it was uploaded."""
        return self.session.portal_events()

    def withdraw(self) -> None:
        """Ends the offer of an image."""
        self.session.withdraw()

    def set_reachable(self, reachable: bool) -> None:
        self.session.set_portal(reachable)

    def set_network(self, up: bool) -> None:
        self.session.set_network(up)


def _milli(value: float) -> int:
    return round(value * 1000)
