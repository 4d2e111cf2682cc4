"""What a sweep showed: many trials over the moment of a cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lockrig._core import rate_bound
from lockrig.errors import Inconclusive, LockFault
from lockrig.sweep_plan import SweepPlan
from lockrig.table import table
from lockrig.trial import INCONCLUSIVE, RECOVERED, RISING_HARM, Trial

# What a lab asks for where nobody says otherwise.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Boundary:
    """Two neighbours with different outcomes. `before` and `after` have id, where, phase,
    operation, verdict, and of the repeats failed and judged; `is_adjacent`: nothing lies
    between them that could be asked."""

    before: dict[str, Any]
    after: dict[str, Any]
    is_adjacent: bool

    @classmethod
    def of(cls, made: dict[str, Any]) -> "Boundary":
        return cls(made["before"], made["after"], made["adjacent"])


@dataclass(frozen=True)
class Sweep:
    """`operations` are those that the plan chose from; `phases` counts those of the uncut
    run, the `reference`; `points` are the moments there were. `bad` holds the trials that
    did not recover, 50 of them at most. Of `trials`, `recalled` were run earlier; of
    `unproven` ones a cut's firing was not seen: they count as nothing."""

    title: str
    plan: SweepPlan
    operations: int
    fractions: tuple[float, ...]
    points: int
    trials: int
    recalled: int
    unproven: int
    is_complete: bool
    counts: dict[str, int]
    phases: dict[str, int]
    bad: tuple[Trial, ...]
    boundaries: tuple[Boundary, ...]
    reference: Trial
    checked: int

    def expect(self, *verdicts: str) -> "Sweep":
        """Raises LockFault if a trial's verdict is none of these (`recovered` if none is
        named), Inconclusive if the rig could not tell of one, or the sweep's budget was
        spent before it was done."""
        allowed = verdicts or (RECOVERED,)
        wrong = {
            verdict: count
            for verdict, count in self.counts.items()
            if count and verdict not in allowed
        }
        if not wrong and not self.is_complete:
            raise Inconclusive(f"stopped after {self.trials} of {self.points} trials")
        if not wrong:
            return self
        first = next((each for each in self.bad if each.verdict in wrong), None)
        listed = ", ".join(
            f"{wrong[each]} {each.replace('_', ' ')}"
            for each in reversed(RISING_HARM)
            if each in wrong
        )
        text = f"{sum(wrong.values())} of {self.trials} trials: {listed}"
        if first is not None:
            text += f"; first {first.describe()}"
        identifier = first.id if first is not None else ""
        if set(wrong) == {INCONCLUSIVE}:
            raise Inconclusive(text, identifier)
        raise LockFault(text, identifier)

    @property
    def judged(self) -> int:
        """Trials that showed something."""
        return self.trials - self.counts.get(INCONCLUSIVE, 0)

    def rate_bound(
        self,
        verdicts: Sequence[str] = ("bricked", "unsafe"),
        confidence: float = CONFIDENCE,
    ) -> float:
        """The rate of these verdicts that is not exceeded, with that confidence, for this
        image, board and distribution of cuts. ValueError unless the draws were
        independent."""
        if not self.plan.is_independent:
            raise ValueError("a bound rests on independent random draws alone")
        failures = sum(self.counts.get(each, 0) for each in verdicts)
        return rate_bound(failures, self.judged, confidence)

    def claim(self, confidence: float = CONFIDENCE) -> str:
        """What it proves, in one sentence; "" where it proves nothing of the kind."""
        if self.plan.is_independent:
            bound = self.rate_bound(confidence=confidence)
            lost = sum(self.counts.get(each, 0) for each in ("bricked", "unsafe"))
            return (
                f"with {confidence:.0%} confidence at most {bound:.3g} of such cuts brick"
                f" this lock ({lost} of {self.judged} independent ones did;"
                f" {self._distribution()})"
            )
        # A cut that was not proven counts as nothing: then not every one was cut.
        is_whole = self.is_complete and self.judged == self.trials
        if self.plan.is_exhaustive and is_whole and self.trials:
            tears = ", ".join(f"{each:g}" for each in self.fractions)
            return (
                f"every one of {self.operations} flash operations{self._chosen()} was cut,"
                f" at {tears} of it"
            )
        return ""

    def _chosen(self) -> str:
        """Which operations were meant, where not all are."""
        named = (*self.plan.phases, *self.plan.kinds, *self.plan.regions)
        return f" ({', '.join(named)} only)" if named else ""

    def _distribution(self) -> str:
        if self.plan.axis == "flash_ops":
            part = "any fraction" if not self.fractions else "these fractions"
            text = f"any of {self.operations} operations{self._chosen()} with equal chance, {part} of it"
        else:
            unit = "s" if self.plan.axis == "time" else "bytes"
            low, high, _ = self.plan.span or (0, 0, 0)
            text = f"any moment from {low:g} to {high:g} {unit} with equal chance"
        if self.plan.chain > 1:
            more = self.plan.chain - 1
            text += (
                f", then {more} more within {self.plan.window:g} s of power's return"
            )
        return text

    def table(self) -> str:
        """For reading: the count, the phases, the verdicts, and the bad trials."""
        parts = [self.title, self.extent()]
        if self.phases:
            parts.append(table(("phase", "operations"), self.phases.items()))
        parts.append(table(("verdict", "trials"), self.counts.items()))
        if self.boundaries:
            parts.append(boundary_table(self.boundaries))
        if self.bad:
            parts.append(bad_table(self.bad))
        if self.claim():
            parts.append(self.claim())
        return "\n\n".join(parts)

    def extent(self) -> str:
        """How many trials of how many there could be."""
        if self.plan.is_independent:
            text = f"{self.trials} independent trials"
        elif self.plan.axis == "flash_ops":
            factor = f"{self.operations} operations x {len(self.fractions)} fractions"
            is_all = self.trials == self.operations * len(self.fractions)
            text = f"{factor} = {self.trials} trials"
            if not is_all:
                text = f"{self.trials} trials of {factor}"
        else:
            text = f"{self.trials} trials of {self.points} moments"
        if self.unproven:
            text += f"; {self.unproven} cuts were not proven and count as nothing"
        if not self.is_complete:
            text += "; stopped before it was done"
        return text


def boundary_table(boundaries: Sequence[Boundary]) -> str:
    """Where outcomes change, a row each."""
    rows = []
    for each in boundaries:
        for side, edge in (("up to", each.before), ("from", each.after)):
            share = f"{edge['failed']} of {edge['judged']}"
            place = " ".join(filter(None, (edge["phase"], edge["operation"])))
            rows.append(
                (side, edge["where"], place, edge["verdict"], share, edge["id"])
            )
    return table(("", "cut", "in", "outcome", "failed", "trial"), rows)


def bad_table(trials: Sequence[Trial]) -> str:
    """Trials that did not recover, a row each."""
    rows = []
    for each in trials:
        lost = ", ".join(each.lost) or each.note
        requested = "; ".join(cut["requested"] for cut in each.cuts)
        rows.append(
            (each.id, each.verdict, each.phase, requested, each.operation, lost)
        )
    return table(("trial", "verdict", "phase", "cut", "what", "lost"), rows)
