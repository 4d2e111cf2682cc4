"""The cut map of a station: where in an update the power went, and what came of it."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from reports.read import RISING_HARM, Result, Run


@dataclass(frozen=True)
class Phase:
    """A stretch of operations with one name."""

    name: str
    first: int
    last: int
    verdicts: Counter[str]


@dataclass
class CutMap:
    """All cuts of one sequence of flash operations."""

    title: str
    cases: set[str] = field(default_factory=set)
    verdicts: dict[tuple[int, float], str] = field(default_factory=dict)
    phase_of: dict[int, str] = field(default_factory=dict)
    identifiers: set[str] = field(default_factory=set)

    def add(self, result: Result) -> None:
        trial = result.trial
        assert trial.op_index is not None and trial.fraction is not None
        cell = (trial.op_index, trial.fraction)
        worst = max(
            self.verdicts.get(cell, result.verdict),
            result.verdict,
            key=RISING_HARM.index,
        )
        self.verdicts[cell] = worst
        self.cases.add(trial.case_id)
        self.identifiers.add(trial.id)
        if trial.phase or trial.op_index not in self.phase_of:
            self.phase_of[trial.op_index] = trial.phase

    @property
    def fractions(self) -> list[float]:
        return sorted({fraction for _, fraction in self.verdicts})

    @property
    def operations(self) -> int:
        return len(self.phase_of)

    @property
    def count(self) -> str:
        """ "1478 operations × 3 fractions = 4434 trials", where that is so."""
        trials = len(self.identifiers)
        product = self.operations * len(self.fractions)
        if trials != product:
            return f"{trials} trials at {self.operations} operations"
        return (
            f"{self.operations} operations × {len(self.fractions)} fractions"
            f" = {trials} trials"
        )

    def phases(self) -> list[Phase]:
        found: list[Phase] = []
        by_operation: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for (operation, _), verdict in self.verdicts.items():
            by_operation[operation][verdict] += 1
        for operation in sorted(self.phase_of):
            name, counts = self.phase_of[operation], by_operation[operation]
            if found and found[-1].name == name:
                last = found.pop()
                found.append(Phase(name, last.first, operation, last.verdicts + counts))
            else:
                found.append(Phase(name, operation, operation, counts))
        return found


def cut_maps(run: Run) -> dict[str, list[CutMap]]:
    """By station: one map for each thing that was cut at its flash operations.

    Controls and trials that wanted their verdict are left out, and so are trials with
    more than one cut, which have no place on a plane.
    """
    maps: defaultdict[str, dict[str, CutMap]] = defaultdict(dict)
    for result in run.results:
        trial = result.trial
        if trial.purpose != "case" or trial.op_index is None or trial.fraction is None:
            continue
        spec = json.loads(trial.spec)
        if len(spec["cuts"]) != 1:
            continue
        title = _title(spec)
        maps[trial.station].setdefault(title, CutMap(title)).add(result)
    return {
        station: sorted(of_station.values(), key=lambda each: -each.operations)
        for station, of_station in sorted(maps.items())
    }


def _title(spec: dict[str, Any]) -> str:
    """What was going on, from all that changes the sequence of operations."""
    stimulus = str(spec["stimulus"])
    if stimulus == "push":
        what = f"push {spec['image']} by {spec['path']}"
    else:
        what = {"none": "no stimulus"}.get(stimulus, stimulus.replace("_", " "))
    notes = [f"counted from {str(spec['counts_from']).replace('_', ' ')}"]
    if spec["portal_down_ns"]:
        notes.append("portal down")
    if spec["defects"]:
        notes.append("with " + ", ".join(spec["defects"]))
    return f"{what} ({', '.join(notes)})"
