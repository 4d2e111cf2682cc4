"""Runs the stations of a real-time bench side by side, each in a process of its own.

A station's process has its own journal, out/stations/<name>/run.db, which the controller
takes over at its end. A process that dies takes no other station with it.
"""

import json
import queue
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from lockrig.display import Display
from lockrig.items import work_on_board, work_on_station
from lockrig.result import CaseResult
from lockrig.run import Run
from lockrig.wire_display import forward

STATIONS = "stations"
# pytest's "all passed", "some did not" and "nothing was selected".
ENDED = (0, 1, 5)
DIED = "RIG"  # the row of a station whose process died; it belongs to no catalogue row


@dataclass(frozen=True)
class Share:
    """What one station's process is asked to do; its only argument, as JSON."""

    bench: str
    station: str
    seed: int
    out: str
    command_line: str
    blind: tuple[str, ...]
    paths: tuple[str, ...]
    expression: str
    tier: str
    controls: bool
    night: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Share":
        fields = json.loads(text)
        for name in ("blind", "paths"):
            fields[name] = tuple(fields[name])
        return cls(**fields)


def run_side_by_side(
    run: Run,
    display: Display,
    paths: tuple[Path, ...],
    expression: str,
    *,
    tier: str,
    controls: bool,
    night: bool,
    works: dict[str, CaseResult],
) -> list[CaseResult]:
    """Runs what is selected on every station, and takes the journals over. The results
    in the order in which they came. `works` has what each item comes to if no station
    runs it (plugin.CasePlugin.works). REQUIRES: the run has started. An interrupt
    reaches the stations' processes too, and is raised again once they have ended."""
    shares = [
        Share(
            bench=run.bench.path,
            station=station,
            seed=run.seed,
            out=str(run.out / STATIONS / station),
            command_line=run.command_line,
            blind=run.blind,
            paths=tuple(map(str, paths)),
            expression=expression,
            tier=tier,
            controls=controls,
            night=night,
        )
        for station in run.stations()
    ]
    processes = {each.station: _start(each) for each in shares}
    said: queue.Queue[tuple[str, str]] = queue.Queue()
    readers = [
        threading.Thread(target=_read, args=(station, process.stdout, said))
        for station, process in processes.items()
    ]
    for reader in readers:
        reader.start()
    results: list[CaseResult] = []

    def add(result: CaseResult) -> None:
        assert run.journal is not None
        run.journal.add_case(result.record())
        display.end(result)
        results.append(result)

    open_pipes = len(readers)
    interrupted = False
    while open_pipes:
        try:
            station, line = said.get()
        except KeyboardInterrupt:
            # The terminal's Ctrl-C has reached them as well; a SIGTERM has not.
            interrupted = True
            for process in processes.values():
                process.terminate()
            continue
        if not line:
            open_pipes -= 1
            continue
        result = forward(line, display)
        if result is not None:
            results.append(result)
    for reader in readers:
        reader.join()
    assert run.journal is not None
    for share in shares:
        status = processes[share.station].wait()
        journal = Path(share.out) / "run.db"
        if journal.exists():
            run.journal.absorb(str(journal))
        if status not in ENDED and not interrupted:
            add(_died(share.station, status, _errors_of(share).read_text()))
    if interrupted:
        raise KeyboardInterrupt
    done = set[str]()
    for each in results:
        done.add(work_on_station(each.scenario, each.station))
        done.add(work_on_board(each.scenario, run.board_of(each.station)))
    for work, nobodys in works.items():
        if work not in done:
            add(nobodys)
    return results


def _errors_of(share: Share) -> Path:
    return Path(share.out).with_suffix(".stderr")


def _start(share: Share) -> "subprocess.Popen[str]":
    errors = _errors_of(share)
    errors.parent.mkdir(parents=True, exist_ok=True)
    with errors.open("w") as stream:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lockrig", "_station", share.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )


def _read(
    station: str, stream: IO[str] | None, said: "queue.Queue[tuple[str, str]]"
) -> None:
    assert stream is not None
    for line in stream:
        # One that was killed may leave half a line.
        if line.endswith("\n"):
            said.put((station, line))
    said.put((station, ""))


def _died(station: str, status: int, errors: str) -> CaseResult:
    lines = [each for each in errors.splitlines() if each.strip()]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return CaseResult(
        case_id=DIED,
        station=station,
        scenario=f"{STATIONS}::{station}",
        outcome="error",
        reason=f"the station's process ended with {how}"
        + (f": {lines[-1]}" if lines else ""),
    )
