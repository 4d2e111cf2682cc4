"""The rows of fixtures/catalogue.csv: the cases there are, their order and their tier."""

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from lockrig.root import FIXTURES


@dataclass(frozen=True)
class Row:
    """One case. `tiers` are those that run it: "nightly", "certification"."""

    id: str
    title: str
    tiers: tuple[str, ...]
    place: int


class Catalogue:
    def __init__(self, path: Path = FIXTURES / "catalogue.csv") -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self._rows = {
                row["id"]: Row(
                    row["id"], row["title"], tuple(row["tier"].split("+")), place
                )
                for place, row in enumerate(csv.DictReader(file))
            }

    def __getitem__(self, case_id: str) -> Row:
        """ValueError that names the nearest id if there is no such row."""
        try:
            return self._rows[case_id]
        except KeyError:
            near = difflib.get_close_matches(case_id, self._rows, n=1, cutoff=0.0)
            raise ValueError(
                f"no case {case_id!r} in the catalogue; the nearest is {near[0]}"
            ) from None

    def own(self, case_id: str) -> Row:
        """A row that a scenario brings along, behind all others. ValueError if the
        catalogue has one of that name."""
        if case_id in self._rows:
            raise ValueError(f"{case_id!r} is a row of the catalogue: not own")
        return Row(case_id, "", (), len(self._rows))

    def tiers(self) -> list[str]:
        return sorted({tier for row in self._rows.values() for tier in row.tiers})
