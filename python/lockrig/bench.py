"""All stations of one host, as a bench file describes them."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from lockrig import _core
from lockrig.lock import Lock
from lockrig.notebook import Notebook
from lockrig.rehearsal import require_inside


class Bench:
    """Its locks share one notebook: a case's, or that of the person who opened it."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._locks: dict[str, Lock] = {}

    @property
    def path(self) -> str:
        return self._notebook.bench.path

    @property
    def kind(self) -> str:
        """ "virtual", "rehearsal" or "hardware"."""
        return self._notebook.bench.kind

    def stations(self) -> list[str]:
        """In the order of the file."""
        return self._notebook.bench.stations()

    def station(self, name: str) -> Lock:
        """The lock mounted there; ValueError if there is no such station."""
        if name not in self._locks:
            self._locks[name] = Lock(name, self._notebook)
        return self._locks[name]

    def capabilities(self, station: str) -> list[str]:
        return self._notebook.bench.capabilities(station)

    def image(self, name: str) -> bytes:
        """An image by its full name, as in rig/bench/image_library.hpp."""
        return self._notebook.bench.image(name)

    def close(self) -> None:
        """Ends all sessions: their worlds are gone."""
        self._locks.clear()
        self._notebook.close()
        self._notebook.sessions.clear()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open(
    path: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    defects: Sequence[str] = (),
) -> Bench:
    """A bench to work with by hand: nothing is journalled. BadInput names file, line and
    key. `workers`: how many trials of a sweep run at once (default: all processors).
    `defects`: of fixtures/defects.csv, seeded in its virtual locks. A bench of kind rehearsal opens only inside of `./lockrig rehearse`.
    """
    core = _core.Bench(str(path))
    require_inside(core)
    return Bench(
        Notebook(
            bench=core,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            defects=tuple(defects),
        )
    )
