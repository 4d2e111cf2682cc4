"""The rows of fixtures/defects.csv: known-bad locks, and the cases that must fail them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from lockrig.root import FIXTURES


@dataclass(frozen=True)
class Defect:
    """`caught_by` names cases, or "case:function" where only that scenario of a case
    must catch it. `row` is the catalogue row that all its controls together answer; ""
    for none."""

    name: str
    what: str
    caught_by: tuple[str, ...]
    row: str

    @property
    def cases(self) -> set[str]:
        return {each.partition(":")[0] for each in self.caught_by}

    def is_for(self, case_id: str, function: str) -> bool:
        """This scenario must catch it."""
        return bool({case_id, f"{case_id}:{function}"} & {*self.caught_by})


def read_defects(path: Path = FIXTURES / "defects.csv") -> list[Defect]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Defect(
                name=row["defect"],
                what=row["what"],
                caught_by=tuple(row["caught_by"].split()),
                row=row["row"],
            )
            for row in csv.DictReader(file)
        ]
