"""How the trials of a journal came out, by phase: counted by the database, so that a
million of them take no memory."""

import sqlite3
from collections import Counter
from pathlib import Path

from reports.read import RISING_HARM

_FIRST = (
    "SELECT phase, verdict, COUNT(*) FROM trials WHERE attempt = 1"
    " GROUP BY phase, verdict ORDER BY MIN(op_index)"
)
_REPEATED = (
    "SELECT id, phase, verdict FROM trials WHERE id IN"
    " (SELECT id FROM trials WHERE attempt > 1) ORDER BY id, attempt"
)


def count_by_phase(file: Path) -> Counter[tuple[str, str]]:
    """Trials by phase and the verdict that stands, in the order of the operations."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        counts: Counter[tuple[str, str]] = Counter()
        for phase, verdict, count in connection.execute(_FIRST):
            counts[phase, verdict] = count
        attempts: dict[tuple[str, str], list[str]] = {}
        for identifier, phase, verdict in connection.execute(_REPEATED):
            attempts.setdefault((identifier, phase), []).append(verdict)
    finally:
        connection.close()
    for (_, phase), verdicts in attempts.items():
        definite = [each for each in verdicts if each != "inconclusive"]
        stands = max(definite or verdicts, key=RISING_HARM.index)
        counts[phase, verdicts[0]] -= 1
        counts[phase, stands] += 1
    return counts
