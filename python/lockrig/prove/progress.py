"""How far a proof is."""

import os
from types import TracebackType
from typing import Protocol, TextIO


class Progress(Protocol):
    def begin(self, what: str, total: int) -> None:
        """So many items are to be run."""

    def advance(self, done: str = "") -> None:
        """One more was; with it the last of the defect `done`."""

    def __enter__(self) -> "Progress":
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ...


class PlainProgress:
    """A line a stage, for logs and pipes: the same however the work was shared out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, what: str, total: int) -> None:
        print(f"{what}: {total} items", file=self._stream, flush=True)

    def advance(self, done: str = "") -> None:
        pass

    def __enter__(self) -> "PlainProgress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class BarProgress:
    """A bar a stage, with the defect that was done last and the time left."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress as Bar
        from rich.progress import MofNCompleteColumn, TextColumn, TimeRemainingColumn

        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[done]}", markup=False),
            TimeRemainingColumn(),
            console=Console(file=stream, highlight=False),
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def begin(self, what: str, total: int) -> None:
        self._task = self._bar.add_task(what, total=total, done="")

    def advance(self, done: str = "") -> None:
        self._bar.update(self._task, advance=1)
        if done:
            self._bar.update(self._task, done=done)

    def __enter__(self) -> "BarProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()


def make_progress(stream: TextIO) -> Progress:
    """A bar if the stream is a terminal, else plain lines."""
    if stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return BarProgress(stream)
    return PlainProgress(stream)
