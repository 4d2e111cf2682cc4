"""trials.csv: one row an attempt of a trial, sorted by identifier."""

import csv
import io
from operator import attrgetter

from reports.read import Run

COLUMNS = (
    "id",
    "case_id",
    "attempt",
    "purpose",
    "station",
    "board",
    "defects",
    "verdict",
    "lost",
    "phase",
    "operation",
    "op_index",
    "fraction",
    "forked",
    "checked",
    "trace_hash",
    "simulated_s",
    "note",
)


def trials_csv(run: Run) -> str:
    """RFC 4180 text. Names in `defects` and `lost` are joined by spaces."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(attrgetter(*COLUMNS), run.trials))
    return text.getvalue()
