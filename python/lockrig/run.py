"""One run: what it was asked for, and its journal from the first case to the last."""

import hashlib
import os
import platform
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from lockrig import _core
from lockrig.root import OUT, shown


def default_out(seed: int) -> Path:
    """A dated folder; the time is UTC."""
    return OUT / f"{datetime.now(timezone.utc):%Y-%m-%d-%H%M%S}-{seed}"


def random_seed() -> int:
    return int.from_bytes(os.urandom(4), "little")


def refuse_unfit(out: Path) -> None:
    """ValueError if no run can be written to `out`; creates nothing."""
    if out.is_dir():
        if any(out.iterdir()):
            raise ValueError(
                f"--out {out}: not empty; a run is not written over another"
            )
        nearest = out
    elif out.exists():
        raise ValueError(f"--out {out}: not a folder")
    else:
        nearest = next(each for each in out.absolute().parents if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"--out {out}: {nearest} cannot be written to")


@dataclass
class Run:
    """`out` appears when the run starts; until then nothing is written. `only` names
    the stations it is about; none means all of the bench. `request` is what a run that can
    be resumed was asked for (JSON); a `resumed` one goes on with the journal in `out`.
    """

    bench: _core.Bench
    seed: int
    out: Path
    workers: int
    command_line: str
    blind: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    request: str = ""
    resumed: bool = False
    journal: _core.Journal | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)

    def start(self) -> None:
        """ValueError if `out` cannot be made, or gone on with."""
        self._began = time.monotonic()
        if self.resumed:
            self.journal = _core.Journal.resume(str(self.out / "run.db"))
            return
        refuse_unfit(self.out)
        created = not self.out.exists()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"--out {self.out}: {error.strerror}") from None
        try:
            self.journal = _core.Journal.create(
                str(self.out / "run.db"),
                {
                    "version": _core.version(),
                    "seed": self.seed,
                    "command_line": self.command_line,
                    "request": self.request,
                    "bench": shown(Path(self.bench.path)),
                    "bench_kind": self.bench.kind,
                    "started": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}",
                    "host": {
                        "system": platform.platform(),
                        "processor": _processor(),
                        "workers": str(self.workers),
                    },
                },
            )
        except BaseException:
            if created:
                self.out.rmdir()
            raise

    def stations(self) -> list[str]:
        """In the order of the bench file."""
        every = self.bench.stations()
        return [each for each in every if each in self.only] if self.only else every

    def board_of(self, station: str) -> str:
        """ "6000i-A"; "" for what is about the whole bench."""
        known = station in self.bench.stations()
        return str(self.bench.facts(station)["board"]) if known else ""

    def claim(self, work: str) -> bool:
        """Whether this process is the first of its siblings (which write to folders
        beside `out`) that asks for some work. The claim dies with the run's folder."""
        claims = self.out.parent / "claims"
        claims.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(work.encode()).hexdigest()[:16]
        try:
            (claims / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @property
    def started(self) -> bool:
        return self.journal is not None

    def finish(self) -> None:
        """All that was asked has been run."""
        if self.journal is not None:
            self.journal.finish(time.monotonic() - self._began)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()
