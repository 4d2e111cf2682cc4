"""The stock U-Boot of scenarios/examples: its map is whole, proven, and repeats exactly; a
judge that is wrong or a cut that never comes is no map."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended

BENCH = ROOT / "fixtures" / "benches" / "uboot.toml"
EXAMPLE = ROOT / "scenarios" / "examples" / "test_uboot_environment.py"
FIRMWARE = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
FRACTIONS = ["0", "0.3", "0.5", "0.7", "1"]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("qemu-system-aarch64") is None,
        reason="no qemu-system-aarch64: the package qemu-system-arm",
    ),
    pytest.mark.skipif(
        not FIRMWARE.exists(), reason=f"no {FIRMWARE}: the package u-boot-qemu"
    ),
]

BROKEN = f"""
import sys
import pytest
sys.path.insert(0, {str(EXAMPLE.parent)!r})
import test_uboot_environment as example

@pytest.mark.case("UBOOT-ENV", own=True)
def test_a_judge_that_always_sees_the_old_one(lock, monkeypatch):
    monkeypatch.setattr(example, "load", lambda lock, file: (1, "as before"))
    example.uncut(lock, example.IN_PLACE)

@pytest.mark.case("UBOOT-ENV", own=True)
def test_a_store_that_stores_nothing(lock, monkeypatch):
    monkeypatch.setattr(example, "command_to_store", lambda layout, sequence: "true")
    example.uncut(lock, example.IN_PLACE)

@pytest.mark.case("UBOOT-ENV", own=True)
def test_a_write_that_never_comes(lock, monkeypatch):
    monkeypatch.setattr(example, "CUT_WITHIN", 2.0)
    writes = [{{"offset": 0, "length": 0}}] * 3
    example.cut(lock, example.IN_PLACE, writes, 2, 0.5)

@pytest.mark.case("UBOOT-ENV", own=True)
def test_other_writes_than_the_uncut_run_s(lock):
    example.cut(lock, example.IN_PLACE, [{{"offset": 0, "length": 0}}], 0, 0.5)
"""


def test_the_map_is_whole_and_a_second_run_repeats_it(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        out = tmp_path / name
        ended = cli(
            "run", EXAMPLE, "--bench", BENCH, "-k", "in_place", "--out", out
        )  # fmt: skip
        assert ended.status == 0, ended.out + ended.err
        assert "one file, overwritten" in ended.out
        assert "one file, overwritten" in (out / "report.html").read_text()
    first = (tmp_path / "first" / "outcomes.csv").read_bytes()
    assert first == (tmp_path / "second" / "outcomes.csv").read_bytes()

    cells = list(csv.DictReader(first.decode().splitlines()))
    rows = list(dict.fromkeys(each["row"] for each in cells))
    # What a cut that does not prove itself gives is no cell but an inconclusive scenario.
    assert [(each["row"], each["column"]) for each in cells] == [
        (row, fraction) for row in rows for fraction in FRACTIONS
    ]
    assert len(rows) == 2
    assert {each["value"] for each in cells} <= {"old", "new", "lost"}
    # A disk that has nothing of the file's first write, and one that has it all.
    assert cells[0]["value"] == "old"
    assert cells[-1]["value"] == "new"


def test_what_could_not_be_shown_is_inconclusive(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    scenarios = tmp_path / "test_broken.py"
    scenarios.write_text(BROKEN)
    ended = cli("run", scenarios, "--bench", BENCH, "--out", tmp_path / "out")
    assert ended.status == 3, ended.out + ended.err
    assert "0 passed, 0 failed, 4 inconclusive" in ended.out
    assert "uncut, one file, overwritten: old" in ended.out
    assert "the cut did not come" in ended.out
    assert "other writes than those of the uncut run" in ended.out
    assert not (tmp_path / "out" / "outcomes.csv").exists()
