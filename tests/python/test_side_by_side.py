"""Stations side by side: what their processes tell, and who takes which work."""

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Journal

from lockrig import _core
from lockrig.items import work_on_board
from lockrig.result import CaseResult
from lockrig.run import Run
from lockrig.side_by_side import STATIONS, Share, run_side_by_side
from lockrig.wire_display import WireDisplay, forward


class Heard:
    """A display that writes down its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, *arguments))


RESULT = CaseResult("ID-01", "A1", "x.py::y", "failed", measurements=({"value": 1.0},))


def test_what_a_station_says_arrives_as_it_was() -> None:
    wire, heard = io.StringIO(), Heard()
    display = WireDisplay(wire)
    display.start(3)
    display.begin("ID-01", "A1", "")
    display.progress(1, 2, 3)
    display.end(RESULT)
    results = [forward(each, heard) for each in wire.getvalue().splitlines()]
    assert results == [None, None, None, RESULT]
    assert heard.calls == [
        ("begin", "ID-01", "A1", ""),
        ("progress", 1, 2, 3),
        ("end", RESULT),
    ]


def test_a_line_that_is_no_call_is_refused() -> None:
    with pytest.raises(ValueError, match="no call of a display: brick"):
        forward('["brick"]', Heard())


def test_work_has_one_taker_among_the_stations_of_a_run(tmp_path: Path) -> None:
    def station(name: str) -> Run:
        bench: Any = SimpleNamespace()
        return Run(bench, 7, tmp_path / "stations" / name, 1, "", only=(name,))

    first, second = station("A1"), station("A2")
    assert first.claim("x on a 6000i-A")
    assert not second.claim("x on a 6000i-A")
    assert second.claim("y on a 6000i-A")


def test_a_share_survives_its_way_to_the_process() -> None:
    share = Share("b", "A1", 7, "o", "c", ("updates",), ("p",), "e", "t", True, False)
    assert Share.from_json(share.to_json()) == share


BOARD = "6000i-A"
UNTOLD = CaseResult("ID-01", "S1", "x.py::y", "inconclusive", reason="no station")


def said(*results: CaseResult) -> str:
    wire = io.StringIO()
    for result in results:
        WireDisplay(wire).end(result)
    return wire.getvalue()


class SideBySide:
    """A run on S1 and S2, whose processes are shell scripts."""

    def __init__(self, folder: Path, bench: Path) -> None:
        self._folder = folder
        self.program = folder / "station"
        self._bodies: dict[str, str] = {}
        self.run = Run(_core.Bench(str(bench)), 7, folder / "out", 1, "")
        self.run.start()
        self.shown = Heard()

    def does(self, station: str, says: str, then: str) -> None:
        """Its process says that, word for word, and then goes on in shell."""
        text = self._folder / f"{station}.says"
        text.write_text(says)
        self._bodies[station] = f"cat {text}; {then}"

    def results(self, **works: CaseResult) -> list[CaseResult]:
        """Of a run that has `works` to do."""
        lines = ["#!/bin/sh", 'case "$*" in']
        for station, body in self._bodies.items():
            lines.append(f"""*'"station": "{station}"'*) {body} ;;""")
        self.program.write_text("\n".join([*lines, "esac", ""]))
        self.program.chmod(0o755)
        return run_side_by_side(
            self.run,
            self.shown,
            (),
            "",
            tier="nightly",
            controls=False,
            night=True,
            works={
                work_on_board(each.scenario, BOARD): each for each in works.values()
            },
        )

    def journalled(self) -> list[tuple[Any, ...]]:
        """The cases in the journal of the run."""
        sql = "SELECT case_id, station, outcome, reason FROM cases ORDER BY case_id, station"
        return Journal(self.run.out).ask(sql)


@pytest.fixture
def side_by_side(
    bench_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SideBySide:
    made = SideBySide(tmp_path, bench_file(BOARD, BOARD))
    monkeypatch.setattr(sys, "executable", str(made.program))
    return made


def test_a_station_whose_process_died_is_told_and_the_other_goes_on(
    side_by_side: SideBySide,
) -> None:
    first = replace(RESULT, station="S1", measurements=())
    other = replace(RESULT, case_id="ID-02", station="S2", measurements=())
    # What it had done before is in its own journal.
    folder = side_by_side.run.out / STATIONS / "S1"
    own = Run(side_by_side.run.bench, 7, folder, 1, "", only=("S1",))
    own.start()
    assert own.journal is not None
    own.journal.add_case(first.record())
    half_a_line = said(other)[:20]
    side_by_side.does(
        "S1",
        said(first) + half_a_line,
        "echo a >&2; echo out of memory >&2; kill -9 $$",
    )
    side_by_side.does("S2", said(other), "exit 1")

    results = side_by_side.results()
    assert sorted(results[:2], key=lambda each: each.station) == [first, other]
    (died,) = results[2:]
    assert (died.case_id, died.station, died.outcome) == ("RIG", "S1", "error")
    assert died.reason == "the station's process ended with signal 9: out of memory"
    assert not died.is_good
    assert ("end", died) in side_by_side.shown.calls
    assert side_by_side.journalled() == [
        ("ID-01", "S1", "failed", ""),
        ("RIG", "S1", "error", died.reason),
    ]


def test_a_process_that_ends_with_a_status_of_its_own_has_died_too(
    side_by_side: SideBySide,
) -> None:
    side_by_side.does("S1", "", "exit 3")
    side_by_side.does("S2", "", "exit 5")
    (died,) = side_by_side.results()
    assert died.reason == "the station's process ended with status 3"


def test_with_every_station_quarantined_no_work_is_forgotten(
    side_by_side: SideBySide,
) -> None:
    # The doctor's word is all that comes of such a station: nothing is selected on it.
    doctor = CaseResult("DOCTOR", "S1", "doctor", "inconclusive", reason="quarantined")
    side_by_side.does("S1", said(doctor), "exit 1")
    side_by_side.does("S2", said(replace(doctor, station="S2")), "exit 5")
    second = replace(UNTOLD, case_id="ID-02", scenario="x.py::z")

    results = side_by_side.results(first=UNTOLD, second=second)
    assert {each.station for each in results[:2]} == {"S1", "S2"}
    assert results[2:] == [UNTOLD, second]
    assert side_by_side.shown.calls[2:] == [
        ("end", UNTOLD),
        ("end", second),
    ]
    assert side_by_side.journalled() == [
        ("ID-01", "S1", "inconclusive", "no station"),
        ("ID-02", "S1", "inconclusive", "no station"),
    ]


def test_work_that_one_of_equal_boards_did_is_done(side_by_side: SideBySide) -> None:
    done = replace(RESULT, station="S2", outcome="passed", measurements=())
    side_by_side.does("S1", "", "exit 5")
    side_by_side.does("S2", said(done), "exit 0")
    assert side_by_side.results(first=UNTOLD) == [done]
