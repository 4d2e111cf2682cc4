"""A board that is a program: the sample passes, wrong ones fail, mistakes are named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
COUNT = 2
WHERE = ("--phases", "staging", "--choose", "linear", "--count", str(COUNT))
CUTS = ("P1", "--image", "2.4.0?kib=4", *WHERE)

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


def bench(folder: Path, changes: Changes) -> Path:
    """The sample's bench, with a program that differs in that."""
    folder.mkdir()
    (folder / SAMPLE.name).write_text(changed(SAMPLE.read_text(), changes))
    (folder / PROFILE.name).write_text(PROFILE.read_text())
    own = {"../programs/": "", "../profiles/": ""}
    text = changed((FIXTURES / "benches" / "programs.toml").read_text(), own)
    file = folder / "bench.toml"
    file.write_text(f'boards = "{FIXTURES / "boards"}"\n{text}')
    return file


RUNS: dict[str, tuple[tuple[str, ...], Changes]] = {
    "keypad": (("run", *KEYPAD), {}),
    "wrong_model": (("run", *WRONG_MODEL), {}),
    "cuts": (("sweep", *CUTS, "--tear", "0,0.5"), {}),
    "takes_any_model": (("run", *WRONG_MODEL), TAKES_ANY_MODEL),
    "marks_at_once": (("sweep", *CUTS, "--tear", "0.5"), MARKS_AT_ONCE),
}


@pytest.fixture(scope="module")
def ended(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """All at once: they wait for real time, mostly."""
    folder = tmp_path_factory.mktemp("programs")

    def run(name: str) -> Ended:
        arguments, changes = RUNS[name]
        file = bench(folder / name, changes)
        out = folder / f"{name}-out"
        return cli(*arguments, "--bench", file, "--seed", 7, "--out", out)

    with ThreadPoolExecutor() as pool:
        return dict(zip(RUNS, pool.map(run, RUNS), strict=True))


@pytest.mark.parametrize("name", ["keypad", "wrong_model"])
def test_the_sample_passes(ended: dict[str, Ended], name: str) -> None:
    assert ended[name].status == 0, ended[name]
    assert "cases      1 passed" in ended[name].out, ended[name]


def test_the_sample_survives_torn_writes(ended: dict[str, Ended]) -> None:
    cuts = ended["cuts"]
    assert cuts.status == 0, cuts
    assert f"{COUNT} trials of 5 operations" in cuts.out, cuts


def test_a_lock_that_takes_any_model_fails(ended: dict[str, Ended]) -> None:
    wrong = ended["takes_any_model"]
    assert wrong.status == 1, wrong
    assert "1 failed, 0 inconclusive" in wrong.out, wrong


def test_a_lock_that_marks_its_slot_at_once_fails(ended: dict[str, Ended]) -> None:
    wrong = ended["marks_at_once"]
    assert wrong.status == 1, wrong
    assert "bricked" in wrong.out, wrong
