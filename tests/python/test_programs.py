"""A board that is a program: the sample passes, wrong ones fail, mistakes are named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended

FIXTURES = ROOT / "fixtures"
SAMPLE = FIXTURES / "programs" / "sample_lock.py"
PROFILE = FIXTURES / "profiles" / "sample.toml"
Cli = Callable[..., Ended]
Changes = dict[str, str]

KEYPAD = ("scenarios/test_keypad.py", "-k", "code_with_bouncing")
WRONG_MODEL = ("scenarios/test_wrong_model.py", "-k", "text_console")
CUTS = ("P1", "--image", "2.4.0?kib=4", "--phases", "staging", "--choose", "linear")

# Wrong locks: what the sample says, and what they say in its place.
TAKES_ANY_MODEL = {"block[32:68] != IDENTITY": "block[32:36] != IDENTITY[:4]"}
WRITE = '        flash("program", f"slot{slot}", "staging", at, block)\n'
MARK = '    flash("program", "marks", "trailer", MARKS + len(marks), b"%d" % slot)\n'
MARKS_AT_ONCE = {MARK: "", WRITE: f"        if not image:\n        {MARK}{WRITE}"}


def changed(text: str, changes: Changes) -> str:
    for old, new in changes.items():
        assert text.count(old) == 1, f"the file no longer says {old!r}"
        text = text.replace(old, new)
    return text


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Path]:
    """The sample's bench, with changes of the program, the profile and the bench."""

    def make(
        program: Changes | None = None,
        profile: Changes | None = None,
        more: Changes | None = None,
    ) -> Path:
        lock, console = tmp_path / SAMPLE.name, tmp_path / PROFILE.name
        lock.write_text(changed(SAMPLE.read_text(), program or {}))
        console.write_text(changed(PROFILE.read_text(), profile or {}))
        text = (FIXTURES / "benches" / "programs.toml").read_text()
        own = {"../programs/": "", "../profiles/": ""}
        file = tmp_path / "bench.toml"
        boards = f'boards = "{FIXTURES / "boards"}"\n'
        file.write_text(boards + changed(changed(text, own), more or {}))
        return file

    return make


def test_the_sample_opens_to_bouncing_keys_and_refuses_another_model(
    cli: Cli, bench: Callable[..., Path], tmp_path: Path
) -> None:
    for number, scenario in enumerate((KEYPAD, WRONG_MODEL)):
        out = tmp_path / str(number)
        ended = cli("run", *scenario, "--bench", bench(), "--seed", 7, "--out", out)
        assert ended.status == 0, ended
        assert "cases      1 passed" in ended.out, ended


def test_the_sample_survives_torn_writes(
    cli: Cli, bench: Callable[..., Path], tmp_path: Path
) -> None:
    chosen = (*CUTS, "--count", 3, "--tear", "0,0.5", "--bench", bench())
    ended = cli("sweep", *chosen, "--seed", 7, "--out", tmp_path / "out")
    assert ended.status == 0, ended
    assert re.search(r"\b6 recovered", ended.out), ended


def test_a_lock_that_takes_any_model_fails(
    cli: Cli, bench: Callable[..., Path], tmp_path: Path
) -> None:
    file = bench(TAKES_ANY_MODEL)
    ended = cli("run", *WRONG_MODEL, "--bench", file, "--seed", 7, "--out", tmp_path)
    assert ended.status == 1, ended
    assert "1 failed, 0 inconclusive" in ended.out, ended


def test_a_lock_that_marks_its_slot_at_once_fails(
    cli: Cli, bench: Callable[..., Path], tmp_path: Path
) -> None:
    chosen = (*CUTS, "--count", 2, "--tear", "0.5", "--bench", bench(MARKS_AT_ONCE))
    ended = cli("sweep", *chosen, "--seed", 7, "--out", tmp_path / "out")
    assert ended.status == 1, ended
    assert "bricked" in ended.out, ended
