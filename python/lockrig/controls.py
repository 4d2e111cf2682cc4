"""Negative controls: which known-bad locks which cases must fail, and what that says."""

from typing import Any, NamedTuple

from lockrig.defects import Defect
from lockrig.result import CaseResult

SOURCE = "fixtures/defects.csv"


class Control(NamedTuple):
    """One scenario of a case, run against a lock with a defect."""

    defect: str
    station: str
    case_id: str
    scenario: str


class Controls:
    """The controls of a run: those there are, those that will be run, those that were."""

    def __init__(self, defects: list[Defect]) -> None:
        self._defects = defects
        self._found: set[Control] = set()
        self._planned: set[Control] = set()
        self._results: list[CaseResult] = []

    def against(
        self, case_id: str, function: str, facts: dict[str, Any]
    ) -> list[Defect]:
        """The defects that this scenario of the case must catch on a station with these
        facts."""
        return [
            each
            for each in self._defects
            if each.is_for(case_id, function) and each.applies_to(facts)
        ]

    def find(self, control: Control) -> None:
        """It is among the scenarios of the run, whether selected or not."""
        self._found.add(control)

    def plan(self, control: Control) -> None:
        """It is selected."""
        self._planned.add(control)

    def add(self, result: CaseResult) -> None:
        """It was run."""
        self._results.append(result)

    def rows(self) -> list[tuple[Defect, str]]:
        """The catalogue rows, by station, that the planned controls answer. A row is
        left out where only some of its controls are planned: it would say more than was
        seen."""
        cases = {each.case_id for each in self._found}
        return [
            (defect, station)
            for defect in self._defects
            if defect.row and cases.issuperset(defect.cases)
            for station in sorted({each.station for each in self._found})
            if (owed := _of(self._found, defect, station))
            and owed == _of(self._planned, defect, station)
        ]

    def judge(self, defect: Defect, station: str) -> CaseResult:
        """Such a row as a case of its own; it passes if every control was caught."""
        missed = sorted(
            {
                each.case_id
                for each in self._results
                if (each.defect, each.station) == (defect.name, station)
                and not each.caught
            }
        )
        return CaseResult(
            case_id=defect.row,
            station=station,
            scenario=f"{SOURCE}::{defect.name}",
            outcome="failed" if missed else "passed",
            reason=f"not caught by {', '.join(missed)}" if missed else "",
        )


def _of(controls: set[Control], defect: Defect, station: str) -> set[Control]:
    return {each for each in controls if each[:2] == (defect.name, station)}
