"""Stations side by side: what their processes tell, and who takes which work."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lockrig.result import CaseResult
from lockrig.run import Run
from lockrig.side_by_side import Share
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
