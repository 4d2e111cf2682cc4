"""A station's calibration from a sigrok capture of its switch and its rail."""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ended

from lockrig import _core
from lockrig.sigrok import measure_capture
from lockrig.station_state import CALIBRATION, StationState

RATE = 100_000
METADATA = """[global]
sigrok version=0.5.2

[device 1]
capturefile=logic-1
total probes=8
samplerate=100 kHz
total analog=0
probe1=D0
probe2=RAIL
probe3=BLEED
unitsize={size}
"""
# Switch on at 0.1 s, off at 0.5 s with the bleed, on at 0.8 s, off at 1.2 s without.
SWITCH = ((0.1, 1), (0.5, 0), (0.8, 1), (1.2, 0))
RAIL = ((0.101, 1), (0.5023, 0), (0.8012, 1), (1.253, 0))
BLEED = ((0.5001, 1), (0.75, 0))


def capture(
    file: Path,
    rail: tuple[tuple[float, int], ...] = RAIL,
    *,
    size: int = 1,
    chunks: int = 3,
    metadata: str = METADATA,
) -> Path:
    """A session of 1.5 s, its samples in several files."""
    samples = np.zeros((round(1.5 * RATE), size), dtype=np.uint8)
    for bit, edges in enumerate((SWITCH, rail, BLEED)):
        level = np.zeros(len(samples), dtype=np.uint8)
        for at, new in edges:
            level[round(at * RATE) :] = new
        samples[:, 0] |= level << bit
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("version", "2")
        archive.writestr("metadata", metadata.format(size=size))
        for number, part in enumerate(np.array_split(samples, chunks), start=1):
            name = "logic-1" if chunks == 1 else f"logic-1-{number}"
            archive.writestr(name, part.tobytes())
    return file


@pytest.mark.parametrize(("size", "chunks"), [(1, 1), (1, 12), (2, 3)])
def test_each_edge_of_the_switch_is_followed_to_the_rail(
    tmp_path: Path, size: int, chunks: int
) -> None:
    file = capture(tmp_path / "cuts.sr", size=size, chunks=chunks)
    seen = measure_capture(file, switch="D0", rail="RAIL", discharge="BLEED")
    assert seen.rises == pytest.approx((0.001, 0.0012))
    assert seen.falls_hard == pytest.approx((0.0023,))
    assert seen.falls_pull == pytest.approx((0.053,))
    # One sample of 10 us, and rises that scatter by 0.1 ms about their mean.
    assert seen.uncertainty_s == pytest.approx(math.hypot(1e-5, 1e-4))


def test_without_the_bleed_all_cuts_are_of_the_style_that_is_said(
    tmp_path: Path,
) -> None:
    file = capture(tmp_path / "cuts.sr")
    seen = measure_capture(file, switch="D0", rail="RAIL", style="pull")
    assert seen.falls_hard == () and len(seen.falls_pull) == 2


def test_it_becomes_the_stations_calibration(
    cli: Callable[..., Ended], bench_file: Callable[..., Path], tmp_path: Path
) -> None:
    file, bench = capture(tmp_path / "cuts.sr"), bench_file("6000i-A")
    arguments = ["S1", file, "--switch", "D0", "--rail", "RAIL", "--discharge", "BLEED"]
    ended = cli("calibrate", *arguments, "--bench", bench)
    assert ended.status == 0, ended.err
    found = StationState(_core.Bench(str(bench)), "S1").get(CALIBRATION)
    assert found is not None
    assert found["instrument"] == "sigrok cuts.sr"
    assert found["rise_ms"] == pytest.approx(1.1)
    assert found["rise_max_ms"] == pytest.approx(1.2)
    assert found["fall_pull_ms"] == pytest.approx(53)
    # The doctor leaves it alone.
    assert cli("doctor", "--bench", bench).status == 0
    after = StationState(_core.Bench(str(bench)), "S1").get(CALIBRATION)
    assert after is not None and after["instrument"] == "sigrok cuts.sr"


@pytest.mark.parametrize(
    ("rail", "reason"),
    [
        (RAIL[:3], "RAIL does not follow D0 going off at 1.200000 s"),
        ((), "RAIL does not follow D0 going on at 0.100000 s"),
    ],
)
def test_a_rail_that_does_not_follow_is_refused(
    tmp_path: Path, rail: tuple[tuple[float, int], ...], reason: str
) -> None:
    file = capture(tmp_path / "cuts.sr", rail)
    with pytest.raises(ValueError, match=reason):
        measure_capture(file, switch="D0", rail="RAIL")


def broken(file: Path, how: str) -> None:
    if how == "text":
        file.write_text("no archive")
    elif how == "chunk":
        capture(file, metadata=METADATA.replace("logic-1", "logic-2"))
    elif how == "rate":
        capture(file, metadata=METADATA.replace("100 kHz", "fast"))
    elif how == "metadata":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("version", "2")
    elif how == "unit":
        capture(file, metadata=METADATA.replace("{size}", "7"))
    elif how == "probe":
        capture(file, metadata=METADATA.replace("probe2", "probe9"))
    else:
        capture(file)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("none", "there is no such file"),
        ("text", "no sigrok session"),
        ("chunk", "no sigrok session: logic-2 is missing"),
        ("rate", "no sigrok session"),
        ("metadata", "no sigrok session"),
        ("unit", "are no samples of 7 each"),
        ("probe", "beyond the 8 bits"),
        ("channel", "no channel D7; there are: D0, RAIL, BLEED"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(
    cli: Callable[..., Ended],
    bench_file: Callable[..., Path],
    tmp_path: Path,
    how: str,
    reason: str,
) -> None:
    file = tmp_path / "cuts.sr"
    if how != "none":
        broken(file, how)
    switch = "D7" if how == "channel" else "D0"
    arguments = ["S1", file, "--switch", switch, "--rail", "RAIL"]
    ended = cli("calibrate", *arguments, "--bench", bench_file("6000i-A"))
    assert ended.status == 2
    assert reason in ended.err and ended.err.count("\n") == 1, ended.err
