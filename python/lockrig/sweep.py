"""What a sweep showed: many trials over the moment of one cut."""

from collections.abc import Sequence
from dataclasses import dataclass

from lockrig.errors import Inconclusive, LockFault
from lockrig.table import table
from lockrig.trial import INCONCLUSIVE, RECOVERED, RISING_HARM, Trial


@dataclass(frozen=True)
class Sweep:
    """`operations` are those that were cut; `phases` counts those of the uncut run, the
    `reference`. `bad` holds the trials that did not recover, 50 of them at most."""

    title: str
    operations: int
    fractions: tuple[float, ...]
    trials: int
    counts: dict[str, int]
    phases: dict[str, int]
    bad: tuple[Trial, ...]
    reference: Trial
    checked: int

    def expect(self, *verdicts: str) -> "Sweep":
        """Raises LockFault if a trial's verdict is none of these (`recovered` if none is
        named), Inconclusive if the rig could not tell of one."""
        allowed = verdicts or (RECOVERED,)
        wrong = {
            verdict: count
            for verdict, count in self.counts.items()
            if count and verdict not in allowed
        }
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

    def table(self) -> str:
        """For reading: the count, the phases, the verdicts, and the bad trials."""
        factor = f"{self.operations} operations x {len(self.fractions)} fractions"
        is_all = self.trials == self.operations * len(self.fractions)
        parts = [
            self.title,
            f"{factor} = {self.trials} trials"
            if is_all
            else f"{self.trials} trials of {factor}",
            table(("phase", "operations"), self.phases.items()),
            table(("verdict", "trials"), self.counts.items()),
        ]
        if self.bad:
            parts.append(bad_table(self.bad))
        return "\n\n".join(parts)


def bad_table(trials: Sequence[Trial]) -> str:
    """Trials that did not recover, a row each."""
    rows = []
    for each in trials:
        cut = (each.spec["cuts"] or [{"at": "", "fraction": ""}])[0]
        lost = ", ".join(each.lost) or each.note
        rows.append(
            (
                each.id,
                each.verdict,
                each.phase,
                cut["at"],
                each.operation,
                cut["fraction"],
                lost,
            )
        )
    return table(
        ("trial", "verdict", "phase", "operation", "what", "fraction", "lost"), rows
    )
