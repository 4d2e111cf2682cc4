"""What a run shows while it goes on."""

import os
from typing import Protocol, TextIO

from lockrig.result import CaseResult


class Display(Protocol):
    def start(self, total: int) -> None:
        """So many cases will be run."""

    def begin(self, case_id: str, station: str, defect: str) -> None:
        """A case begins."""

    def progress(self, finished: int, done: int, total: int) -> None:
        """`finished` trials more; of a sweep, `done` of `total` (else 0 of 0)."""

    def end(self, result: CaseResult) -> None:
        """A case is over."""

    def close(self) -> None:
        """Nothing more comes; may be called twice."""


class PlainDisplay:
    """One line a case, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, total: int) -> None:
        pass

    def begin(self, case_id: str, station: str, defect: str) -> None:
        pass

    def progress(self, finished: int, done: int, total: int) -> None:
        pass

    def end(self, result: CaseResult) -> None:
        print(line(result), file=self._stream, flush=True)

    def close(self) -> None:
        pass


def line(result: CaseResult) -> str:
    """ "ID-01    A1  passed         0.02 s  test_x", and why if it is not good."""
    text = (
        f"{result.case_id:<8} {result.station:<3} {result.word:<12}"
        f" {result.wall_s:>6.2f} s  {result.scenario.rpartition('::')[2]}"
    )
    if result.defect:
        text += f" against {result.defect}"
    if not result.is_good and result.reason:
        text += f": {result.reason}"
    return text


def make_display(stream: TextIO) -> Display:
    """A progress bar if the stream is a terminal, else plain lines."""
    if stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from lockrig.bar import BarDisplay

        return BarDisplay(stream)
    return PlainDisplay(stream)
