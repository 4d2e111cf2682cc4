"""./lockrig benchmark --hardware-path: what it refuses, and how its figures are made."""

import sys
from pathlib import Path

import pytest

from lockrig import hardware_path as path
from lockrig.__main__ import main
from lockrig.hardware_path.edges import distribution
from lockrig.hardware_path.upload import fast_flash
from lockrig.root import FIXTURES


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--quick"], "--quick and --seed are for --hardware-path"),
        (["--seed", "3"], "--quick and --seed are for --hardware-path"),
        (["--hardware-path", "--seed", "-1"], "Invalid value for '--seed'"),
        (["--hardware-path", "--json", "/no/x"], "--json /no/x: there is no such fold"),
    ],
)
def test_refuses(
    arguments: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["lockrig", "benchmark", *arguments])
    assert main() == 2
    assert line in capsys.readouterr().err


def test_says_what_is_not_built(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("LOCKRIG_PROGRAMS", str(tmp_path / "rig"))
    monkeypatch.setattr(sys, "argv", ["lockrig", "benchmark", "--hardware-path"])
    assert main() == 2
    assert "is not built" in capsys.readouterr().err


def entry(consoles: int, busy: bool, **p99: float) -> dict[str, object]:
    return {"consoles": consoles, "busy": busy} | {
        name: {"p99_us": value} for name, value in p99.items()
    }


def figures(*edge: dict[str, object]) -> dict[str, object]:
    return {
        "edge": list(edge),
        "log": {"growth_median": 1.04},
        "upload": [
            {"baud": 115200, "windowed": {"line_share": 0.99}},
            {"baud": 1_000_000, "windowed": {"line_share": 0.96}},
        ],
    }


def test_the_ratios_are_those_of_one_console_of_an_idle_machine() -> None:
    ratios = path.ratios(
        figures(
            entry(1, False, ours=300, bare=200, labgrid=1200),
            entry(1, True, ours=9, bare=9, labgrid=9),
            entry(8, False, ours=9, bare=9, labgrid=9),
        )
    )
    assert ratios == {
        "edge_p99_over_bare": 1.5,
        "edge_p99_over_labgrid": 0.25,
        "upload_line_share_115200": 0.99,
        "upload_line_share_1m": 0.96,
        "log_read_cost_growth": 1.04,
    }
    assert tuple(ratios) == path.RATIOS


def test_without_labgrid_there_is_no_ratio_to_it() -> None:
    ratios = path.ratios(figures(entry(1, False, ours=300, bare=200)))
    assert ratios["edge_p99_over_labgrid"] is None


def test_reactions_that_never_came_count_apart() -> None:
    it = distribution([*range(1, 1001), -1.0])
    assert (it["count"], it["missed"]) == (1000, 1)
    assert (it["p50_us"], it["p99_us"], it["max_us"]) == (501, 991, 1000)
    with pytest.raises(ValueError, match="nobody reacted"):
        distribution([-1.0])


def test_the_twin_of_an_upload_differs_in_its_flash_and_buffers_alone() -> None:
    board = (FIXTURES / "boards" / "6000i" / "board.toml").read_text("utf-8")
    changed = [
        now.split(" = ")[0]
        for was, now in zip(
            board.splitlines(), fast_flash(board, 1).splitlines(), strict=True
        )
        if was != now
    ]
    assert changed == ["erase_ms", "first_byte_us", "further_byte_ns", "smp_buffers"]
