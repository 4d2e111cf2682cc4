"""A run as a progress bar: how far it is, what it is at, how fast, how long still."""

import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lockrig.display import line
from lockrig.result import CaseResult

STYLES = {
    "failed": "red",
    "MISSED": "bold red",
    "error": "red",
    "inconclusive": "yellow",
    "skipped": "dim",
}


class BarDisplay:
    """Only what is not good gets a line of its own, above the bar."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[at]}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}", markup=False),
            TextColumn("{task.fields[speed]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._total = 0
        self._cases = 0
        self._trials = 0
        self._began = 0.0

    def start(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()
        self._task = self._progress.add_task("", total=total, at="", count="", speed="")
        self._progress.start()

    def begin(self, case_id: str, station: str, defect: str) -> None:
        bad = " (control)" if defect else ""
        self._update(at=f"{case_id:<8} {station:<3}{bad}")

    def progress(self, finished: int, done: int, total: int) -> None:
        self._trials += finished
        # A sweep that is half done is half a case.
        part = done / total if total else 0.0
        self._update(completed=self._cases + part)

    def end(self, result: CaseResult) -> None:
        self._cases += 1
        self._update(completed=self._cases)
        if not result.is_good:
            self._console.print(
                line(result),
                style=STYLES.get(result.word, ""),
                markup=False,
                soft_wrap=True,
            )

    def close(self) -> None:
        self._progress.stop()

    def _update(self, **changes: object) -> None:
        elapsed = time.monotonic() - self._began
        rate = self._trials / elapsed if elapsed > 0 else 0.0
        self._progress.update(
            self._task,
            count=f"{self._cases}/{self._total} cases",
            speed=f"{self._trials:,} trials {rate:,.0f}/s",
            **changes,  # type: ignore[arg-type]
        )
