"""Maps of outcomes that scenarios judged themselves: as tables, as text and as CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from reports.read import Outcome, Run

COLUMNS = ("case_id", "station", "scenario", "map", "row", "column", "value", "note")


@dataclass(frozen=True)
class OutcomeMap:
    """`rows` and `columns` in the order in which they came first."""

    case_id: str
    station: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Outcome]

    def value(self, row: str, column: str) -> str:
        """ "" where nothing was judged."""
        cell = self.cells.get((row, column))
        return cell.value if cell is not None else ""

    def lines(self) -> Iterator[str]:
        """As text, without a heading."""
        table = [["", *self.columns]]
        for row in self.rows:
            table.append([row, *(self.value(row, each) for each in self.columns)])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths))
            yield "  ".join(padded).rstrip()


def outcome_maps(run: Run) -> list[OutcomeMap]:
    """In the order in which they were begun."""
    outcomes: dict[tuple[str, ...], list[Outcome]] = {}
    for each in run.outcomes:
        key = (each.case_id, each.station, each.scenario, each.map)
        outcomes.setdefault(key, []).append(each)
    return [
        OutcomeMap(
            case_id=of[0].case_id,
            station=of[0].station,
            title=of[0].map,
            rows=tuple(dict.fromkeys(each.row for each in of)),
            columns=tuple(dict.fromkeys(each.column for each in of)),
            cells={(each.row, each.column): each for each in of},
        )
        for of in outcomes.values()
    ]


def outcomes_csv(run: Run) -> str:
    """RFC 4180 text: one row a cell. It holds no time, so that two runs can be compared
    byte by byte."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in run.outcomes:
        writer.writerow([getattr(each, name) for name in COLUMNS])
    return text.getvalue()
