"""The command line: mistakes, exit statuses, and what the other commands print."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended, Journal, command, environment, heed_interrupts

import reports
from lockrig.__main__ import main

PASSES = """
import pytest
from lockrig import Lock


@pytest.mark.case("{case}"{more})
def test_passes(lock: Lock) -> None:
    {body}
"""


def scenario(
    folder: Path, body: str = "pass", case: str = "ID-01", more: str = ""
) -> Path:
    file = folder / "test_here.py"
    file.write_text(PASSES.format(body=body, case=case, more=more))
    return file


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """The same in this process, for what ends before a run: much faster."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["lockrig", *arguments])
        monkeypatch.chdir(ROOT)
        status = main()
        said = capsys.readouterr()
        return Ended(status, said.out, said.err)

    return run


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--bogus"], "No such option: --bogus"),
        (["bogus"], "No such command 'bogus'."),
        (["nightly", "--workers", "0"], "Invalid value for '--workers'"),
        (["nightly", "--blind", "bogus"], "'bogus' is not one of 'boots'"),
        (["nightly", "--bench", "/no/bench.toml"], "/no/bench.toml: there is no such"),
        (["run"], "Missing argument 'PATH...'"),
        (["run", "/no/scenarios"], "/no/scenarios: there is no such file or folder"),
        (["run", "scenarios", "--tier", "x"], "--tier x: there are certification and"),
        (["run", "scenarios", "--out", "README.md/x"], "--out README.md/x: "),
        (["sweep", "Z9", "--image", "2.4.0"], "no station Z9; there are: A1, A2, B1"),
        (["sweep", "A1", "--image", "x"], 'image "x": expected <board>/<version>'),
        (["sweep", "A1", "--image", "2.4.0", "--tear", "2"], "--tear 2: expected fra"),
        (["sweep", "A1", "--image", "2.4.0", "--phases", "x"], "no phase x; there are"),
        (
            ["sweep", "A1", "--image", "2.4.0", "--defect", "x"],
            "no defect x; there are",
        ),
        (
            ["sweep", "A1", "--image", "2.4.0", "--count", "9"],
            "--count is for --choose",
        ),
        (["replay", "0" * 12, "--out", "/no"], "/no/run.db: there is no such journal"),
        (["report", "/no"], "/no/run.db: there is no such journal"),
        (["image", "show", "/no.img"], "/no.img: there is no such file"),
        (
            ["image", "create", "--board", "6000i-Q", "--version", "1.0.0", "-o", "x"],
            "6000i-Q",
        ),
        (
            ["image", "mutate", "README.md", "flip_bit", "-o", "x"],
            "flip_bit needs --number",
        ),
        (["benchmark", "--json", "/no/folder/x"], "lockrig: "),
        (["doctor", "Z9"], "no station Z9; there are A1, A2, B1"),
        (["devices", "--bench", "/no/x.toml"], "/no/x.toml: there is no such file"),
        (["rehearse"], "Missing argument '-- COMMAND...'"),
        (
            ["rehearse", "--bench", "fixtures/benches/virtual.toml", "--", "true"],
            "virtual.toml is a virtual bench: the command needs no rehearsal",
        ),
        (["twin", "--pty", "/tmp/lock"], "Missing option '--model'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_mistake_is_one_line_and_exit_status_2(
    here: Callable[..., Ended], arguments: list[str], line: str
) -> None:
    refused(here(*arguments), line)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nightly", "-k", "and"], "Wrong expression passed to '-k'"),
        (["nightly", "-k", "no_such_thing"], "nothing to run"),
        (["run", "scenarios", "--out", "/proc/out"], "--out /proc/out: "),
    ],
)
def test_so_is_a_wrong_selection(
    cli: Callable[..., Ended], arguments: list[str], line: str
) -> None:
    before = set((ROOT / "reports").rglob("out/*"))
    refused(cli(*arguments), line)
    assert set((ROOT / "reports").rglob("out/*")) == before


def refused(ended: Ended, line: str) -> None:
    assert ended.status == 2, ended
    assert ended.out == ""
    assert ended.err.startswith("lockrig: ") and ended.err.count("\n") == 1
    assert line in ended.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (PASSES.format(case="IDD-01", more="", body="pass"), "the nearest is ID-01"),
        (
            "def test_nothing(lock): pass",
            "test_nothing: no case: expected @pytest.mark",
        ),
        (PASSES.format(case="ID-01", more=", bords=()", body="pass"), "not bords"),
        ("import nothing_there", "test_here.py:1: No module named 'nothing_there'"),
        ("def x(:", "test_here.py:1: invalid syntax"),
    ],
)
def test_a_wrong_scenario_leaves_nothing_behind(
    cli: Callable[..., Ended], tmp_path: Path, text: str, line: str
) -> None:
    file = tmp_path / "test_here.py"
    file.write_text(text)
    ended = cli("run", file, "--out", tmp_path / "out")
    assert ended.status == 2, ended
    assert ended.err.startswith("lockrig: ") and ended.err.count("\n") == 1
    assert line in ended.err
    assert not (tmp_path / "out").exists()


def test_a_wrong_bench_file_is_named_with_line_and_key(
    cli: Callable[..., Ended], bench_file: Callable[..., Path], tmp_path: Path
) -> None:
    bench = bench_file("6000i-A", more="colour = 3")
    ended = cli("run", scenario(tmp_path), "--bench", bench, "--out", tmp_path / "out")
    assert ended.status == 2
    assert f"{bench}:9: stations.S1.colour: " in ended.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_refused(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    file = scenario(tmp_path)
    ended = cli("run", file, "--out", tmp_path)
    assert ended.status == 2
    assert "not empty" in ended.err
    assert list(tmp_path.iterdir()) == [file]


def test_exit_status_0_and_the_files_of_a_report(
    cli: Callable[..., Ended], bench_file: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = cli(
        "run", scenario(tmp_path), "--bench", bench_file("7000i-A"), "--out", out
    )
    assert ended.status == 0, ended
    assert ended.out.splitlines()[0].split()[:3] == ["ID-01", "S1", "passed"]
    names = {each.name for each in out.iterdir()}
    assert names == {"run.db", "trials.csv", "junit.xml", "summary.json", "report.html"}
    again = cli("report", out)
    assert again.status == 0
    assert "all passed" in again.out


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise __import__('lockrig').Inconclusive('x')", 3),
        ("raise KeyError('x')", 3),
        ("pytest.skip('not here')", 3),
    ],
)
def test_what_is_no_pass_is_exit_status_3(
    cli: Callable[..., Ended], tmp_path: Path, body: str, status: int
) -> None:
    file = scenario(tmp_path, body)
    assert cli("run", file, "-k", "A1", "--out", tmp_path / "out").status == status


def test_the_tier_selects_by_the_catalogue_or_the_marker(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    # ID-08 is of the certification tier alone.
    file = scenario(tmp_path, case="ID-08")
    arguments = ["--tier", "nightly", "-k", "A1", "--out", tmp_path / "out"]
    assert "nothing to run" in cli("run", file, *arguments).err
    file = scenario(tmp_path, case="ID-08", more=", nightly=True")
    assert cli("run", file, *arguments).status == 0


def test_what_is_found_depends_on_neither_order_nor_workers(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    first = scenario(tmp_path, 'lock.sweep(phases=("trailer", "confirm"))', "PWR-03")
    second = tmp_path / "test_other.py"
    second.write_text(PASSES.format(body="lock.push(lock.new)", case="ID-07", more=""))
    hashes = set()
    for workers, paths in ((1, (first, second)), (3, (second, first))):
        out = tmp_path / f"out{workers}"
        arguments = ["-k", "A1 or B1", "--seed", 7, "--workers", workers, "--out", out]
        assert cli("run", *paths, *arguments).status == 0
        hashes.add(Journal(out).summary()["trace_sha256"])
    assert len(hashes) == 1


def test_a_sweep_prints_verdicts_by_phase_and_bad_trials(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = cli(
        *("sweep", "A1", "--stimulus", "change_code", "--defect", "torn-settings"),
        *("--choose", "linear", "--count", 9, "--seed", 3, "--out", out),
    )
    assert ended.status == 1, ended
    assert "9 trials of " in ended.out
    assert "bricked" in ended.out
    assert "./lockrig replay " in ended.out
    assert len(reports.read(out / "run.db").results) == 10  # with the uncut one


def test_images_are_made_shown_checked_and_broken(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.img", tmp_path / "bad.img"
    assert (
        cli("image", "create", "--board", "6000i-A", "--version", "2.4.0", "-o", good)
    ).status == 0
    shown = cli("image", "show", good)
    assert shown.status == 0
    for word in ("2.4.0", "vendor", "ed25519", "digest"):
        assert word in shown.out
    assert cli("image", "verify", good).out == "good\n"
    made = cli("image", "mutate", good, "flip_bit", "--number", 99_999, "-o", bad)
    assert made.status == 0, made.err
    ended = cli("image", "verify", bad)
    assert (ended.status, ended.out) == (1, "hash_mismatch\n")


def test_an_interrupted_run_is_reported_with_exit_status_130(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    # Sweeps for ever; opening the pipe tells this test that it is under way.
    body = (
        f"lock.push(lock.new); open({str(begun)!r}, 'w').close()\n"
        "    for seed in range(10**9): lock.sweep(tear=(seed / 10**9,))"
    )
    out = tmp_path / "out"
    arguments = ["run", scenario(tmp_path, body), "-k", "A1", "--out", out]
    process = subprocess.Popen(
        command(*arguments, "--workers", 1),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    begun.read_text(encoding="utf-8")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "lockrig: interrupted; the report holds what was done\n"
    record = reports.read(out / "run.db")
    assert not record.finished
    assert record.cases == []
    assert (out / "report.html").exists()


def test_a_terminal_gets_a_bar(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    file = scenario(tmp_path, 'lock.sweep(phases=("trailer",))')
    process = subprocess.Popen(
        command("run", file, "-k", "A1", "--out", tmp_path / "out"),
        env=environment(TERM="xterm", COLUMNS="120"),
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    try:
        while more := os.read(controller, 65536):
            shown += more
    except OSError:
        pass  # the other end is closed
    os.close(controller)
    assert process.wait(timeout=30) == 0
    text = shown.decode()
    assert "1/1 cases" in text
    assert "trials" in text and "/s" in text
    assert "ID-01    A1  passed" not in text


@pytest.mark.parametrize(
    "name",
    ["", "nightly", "run", "sweep", "replay", "report", "doctor", "devices"]
    + ["calibrate", "rehearse", "twin", "image", "benchmark", "test"],
)
def test_help_has_an_example(here: Callable[..., Ended], name: str) -> None:
    ended = here(*([name] if name else []), "--help")
    assert ended.status == 0
    assert "Example" in ended.out and "./lockrig" in ended.out


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys; sys.argv = ['lockrig', '--help']\n"
        "import lockrig.__main__ as m; m.main()\n"
        "slow = {'pytest', 'rich', 'jinja2', 'matplotlib', 'numpy'} & {*sys.modules}\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    python = command()[0]
    subprocess.run([python, "-c", code], env=environment(), check=True)
