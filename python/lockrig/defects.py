"""The rows of fixtures/defects.csv: known-bad locks, and the cases that must fail them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from lockrig.root import FIXTURES


@dataclass(frozen=True)
class Defect:
    """`row` is the catalogue row that all its controls together answer; "" for none."""

    name: str
    what: str
    caught_by: tuple[str, ...]
    row: str


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
