"""A mounted lock: what scenarios and people work with."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from lockrig._core import Session
from lockrig.cuts import TEAR, Cut, FlashOps, nanoseconds
from lockrig.errors import LockFault
from lockrig.image_names import full_name
from lockrig.notebook import Notebook
from lockrig.parts import Bolt, Console, Flash, Keypad, Portal, Power, Signals, Supply
from lockrig.sweep import Sweep
from lockrig.sweep_plan import SweepPlan
from lockrig.trial import Trial


class Lock:
    """The lock of one station.

    Trials and sweeps run in worlds of their own, from the baseline. The parts (power,
    supply, keypad, bolt, signals, console, flash, portal) act on the current session: the one
    opened last, or else one that begins with a lock as it came, switched off, with the
    codes on its slip.
    """

    def __init__(self, station: str, notebook: Notebook) -> None:
        """ValueError if the bench has no such station."""
        bench = notebook.bench
        if station not in bench.stations():
            raise ValueError(
                f"{bench.path}: no station {station};"
                f" there are: {', '.join(bench.stations())}"
            )
        self.name = station
        self.facts: dict[str, Any] = bench.facts(station)
        self.board = str(self.facts["board"])
        self.model = str(self.facts["model"])
        self.revision = str(self.facts["revision"])
        self.serial = str(self.facts["serial"])
        self.old, self.new, self.next = bench.released(self.board)
        self._notebook = notebook
        self._session: Session | None = None
        self.power = Power(self._current)
        self.supply = Supply(self._current)
        self.keypad = Keypad(self._current)
        self.bolt = Bolt(self._current)
        self.signals = Signals(self._current)
        self.console = Console(self._current)
        self.flash = Flash(self._current)
        self.portal = Portal(self._current)

    def __repr__(self) -> str:
        return f"<Lock {self.name}: {self.board} {self.serial}>"

    def image(self, text: str) -> str:
        """The full name of an image: "2.4.0+crash-at-start" is of this lock's board, the
        path of a file means the file."""
        bench = self._notebook.bench
        boards = (bench.facts(each)["board"] for each in bench.stations())
        return full_name(text, self.board, boards)

    def trial(
        self,
        stimulus: str = "none",
        *,
        image: str = "",
        via: str = "serial",
        cuts: Iterable[Cut] = (),
        portal_down: float = 0.0,
        unplugged: Iterable[str] = (),
        repeat: int = 0,
        expected: bool = False,
    ) -> Trial:
        """One trial from baseline to verdict, which is returned, not judged: see
        Trial.expect. `stimulus`: none, push, change_code, change_programming_code,
        unlock, lock, sync, recover, factory_reset. `repeat` tells trials apart that are
        alike: what chance decides falls otherwise in each. `expected`: the case wants a
        verdict other than recovered."""
        spec = self._spec(stimulus, image, via)
        spec["cuts"] = [each.to_spec() for each in cuts]
        spec["portal_down_ns"] = nanoseconds(portal_down)
        spec["unplugged"] = list(unplugged)
        spec["repeat"] = repeat
        return self._notebook.trial(spec, expected=expected)

    def push(
        self, image: str, via: str = "serial", cuts: Iterable[Cut] = (), **more: Any
    ) -> Trial:
        """A trial whose stimulus is an image, by "serial" or "portal"."""
        return self.trial("push", image=image, via=via, cuts=cuts, **more)

    def sweep(
        self,
        stimulus: str = "push",
        *,
        image: str = "",
        via: str = "serial",
        phases: Sequence[str] = (),
        kinds: Sequence[str] = (),
        tear: Sequence[float] = TEAR,
        cuts: FlashOps | None = None,
        choose: str = "all",
        count: int = 0,
        plan: SweepPlan | None = None,
        name: str = "update",
        allow: Sequence[str] | None = ("recovered",),
    ) -> Sweep:
        """A trial for each flash operation of a stimulus and each fraction of it.

        `cuts` (see every_flash_op) stands for phases, kinds and tear; `plan` for these,
        `choose` and `count`, and it can more. Raises LockFault if a verdict is not among
        `allow`, Inconclusive if the rig could not tell; None allows any. ValueError,
        before anything is done, where the station cannot return to its baseline.
        """
        if cuts is not None:
            phases, kinds, tear = cuts.phases, cuts.kinds, cuts.tear
        if plan is None:
            plan = SweepPlan(
                phases=tuple(phases),
                kinds=tuple(kinds),
                tear=tuple(tear),
                choose=choose,
                count=count,
            )
        if stimulus in ("push", "recover") and not image:
            image = self.new
        self.require_baseline()
        spec = self._spec(stimulus, image, via)
        spec["cuts"] = [each.to_spec() for each in plan.after]
        what = " ".join(filter(None, (stimulus, spec["image"])))
        if stimulus == "push":
            what += f" by {via}"
        made = self._notebook.sweep(
            spec,
            plan,
            name=name,
            title=f"{self.name} ({self.board}): {what}",
            allow=tuple(allow) if allow is not None else None,
        )
        return made if allow is None else made.expect(*allow)

    def require_baseline(self) -> None:
        """ValueError where the station cannot return to its baseline: what is swept there
        would be another lock each time."""
        if self.facts["baseline"] == "none":
            raise ValueError(
                f"station {self.name} cannot return to its baseline: nothing is swept"
                f" there ({self._notebook.bench.path}, baseline)"
            )

    def random(self, what: str) -> random.Random:
        """Draws that repeat with the run's seed, whatever else is run beside it."""
        return random.Random(f"{self._notebook.seed} {self.name} {what}")

    @property
    def real_time(self) -> bool:
        """A second of the lock's time is a second of everybody's."""
        return self._notebook.is_real

    @property
    def capabilities(self) -> list[str]:
        """What the station can do."""
        return self._notebook.bench.capabilities(self.name)

    def session(self, fresh: bool = False) -> Session:
        """A world at the baseline, started; or with `fresh` as the lock left the
        factory, powered off. The parts act on it from now on."""
        self._session = self._notebook.session(self.name, fresh=fresh)
        if not fresh and self._session.power_on() is None:
            raise LockFault(f"{self.name}: the lock did not start from its baseline")
        return self._session

    def outcome(
        self, map: str, row: str, column: str, value: str, note: str = ""
    ) -> None:
        """One cell of a map of outcomes that the scenario judges itself: the report shows
        it, with rows and columns in the order in which they came first. `value` is a
        word of the scenario's, `note` what it was judged by. Nothing is judged by it: a
        scenario that wants another outcome says so itself."""
        self._notebook.outcome(self.name, map, row, column, value, note)

    def measure(
        self,
        name: str,
        value: float,
        unit: str,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        """Records a number with the case; LockFault if it is outside its limits."""
        self._notebook.measurements.append(
            {
                "name": name,
                "value": float(value),
                "unit": unit,
                "low": None if low is None else float(low),
                "high": None if high is None else float(high),
            }
        )
        # Written so that a NaN is outside.
        above = low is None or value >= low
        below = high is None or value <= high
        if not (above and below):
            limits = " to ".join(
                "" if each is None else f"{each:.6g}" for each in (low, high)
            )
            raise LockFault(f"{name}: {value:.6g} {unit}, limits {limits.strip()}")

    def _spec(self, stimulus: str, image: str, via: str) -> dict[str, Any]:
        return {
            "station": self.name,
            "board": self.board,
            "stimulus": stimulus,
            "image": self.image(image) if image else "",
            "path": via,
        }

    def _current(self) -> Session:
        if self._session is None:
            self._session = self._notebook.session(self.name, fresh=True)
        return self._session
