"""./lockrig sweep: what it finds, proves, shrinks, and goes on with."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended, Journal, command, environment

import lockrig
from lockrig.sweep_plan import SweepPlan
from lockrig.sweep_request import SweepRequest

Cli = Callable[..., Ended]
# A roll-back of the smallest image that a lock takes.
ROLL_BACK = ("A1", "--image", "2.4.0+crash-at-start?kib=4", "--phases", "revert")


def lasting(text: str) -> str:
    """Without what differs from run to run."""
    return "\n".join(
        line
        for line in text.splitlines()
        if not line.startswith(("time", "report", "again", "go on"))
    )


def test_torn_cuts_find_a_revert_that_is_never_made_and_cuts_between_do_not(
    cli: Cli, tmp_path: Path
) -> None:
    defect = ("--defect", "mcuboot-1966", "--seed", 7)
    between = cli(
        "sweep", *ROLL_BACK, "--tear", "0,1", *defect, "--out", tmp_path / "b"
    )
    assert between.status == 0, between
    torn = cli("sweep", *ROLL_BACK, "--tear", "0.5", *defect, "--out", tmp_path / "t")
    assert torn.status == 1, torn
    assert "bricked" in torn.out

    # Replayed whole, it comes to the same.
    (trial,) = re.findall(r"./lockrig replay (\w{12})", torn.out)[:1]
    again = cli("replay", trial, "--out", tmp_path / "t", "--trace", tmp_path / "trace")
    assert again.status == 1, again
    assert "the same verdict" in again.out
    assert (tmp_path / "trace").stat().st_size > 1000

    # The smallest reproducer is five lines that fail, and a golden lock passes them.
    script = tmp_path / "t" / "reproducer.py"
    assert len(script.read_text().splitlines()) == 5
    failed = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert failed.returncode == 1
    assert "bricked" in failed.stderr
    golden = tmp_path / "golden.py"
    golden.write_text(script.read_text().replace("mcuboot-1966", "mcuboot-480"))
    passed = subprocess.run(
        [sys.executable, golden], cwd=ROOT, env=environment(), capture_output=True
    )
    assert passed.returncode == 0, passed.stderr


@pytest.mark.parametrize(
    "how",
    [
        (),
        ("--choose", "adaptive", "--count", 150),
        ("--choose", "random", "--count", 200, "--chain", 2),
    ],
    ids=["exhaustive", "adaptive", "random"],
)
def test_a_sweep_that_was_killed_goes_on_to_the_same_table(
    cli: Cli, tmp_path: Path, how: tuple[object, ...]
) -> None:
    asked = ("sweep", *ROLL_BACK, "--defect", "mcuboot-1966", *how, "--seed", 7)
    whole = cli(*asked, "--out", tmp_path / "whole")
    resumed_some = 0
    for kept in (1, 40, 99):
        out = tmp_path / f"killed-{kept}"
        with subprocess.Popen(
            command(*asked, "--out", out),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            # As soon as so much is committed; a sweep may be faster than that.
            while process.poll() is None and committed(out) < kept:
                pass
            process.kill()
        if committed(out) == 0 or Journal(out).ask(
            "SELECT 1 FROM run WHERE key = 'wall_s'"
        ):
            continue  # before its first commit, or after its last
        resumed_some += 1
        resumed = cli("sweep", "--resume", out)
        assert resumed.status == whole.status, resumed
        assert lasting(resumed.out) == lasting(whole.out).replace(
            str(tmp_path / "whole"), str(out)
        )
        assert trace_sha256(out) == trace_sha256(tmp_path / "whole")
    assert resumed_some, "none of the three was killed in its midst"


def committed(out: Path) -> int:
    if not (out / "run.db").is_file():
        return 0
    try:
        return int(Journal(out).ask("SELECT COUNT(*) FROM trials")[0][0])
    except Exception:  # no table yet
        return 0


def trace_sha256(out: Path) -> str:
    (row,) = Journal(out).ask("SELECT value FROM run WHERE key = 'trace_sha256'")
    return str(row[0])


def test_a_budget_stops_it_in_good_order_and_it_can_be_gone_on_with(
    cli: Cli, tmp_path: Path
) -> None:
    asked = ("sweep", "A1", "--image", "2.4.0", "--phases", "swap", "--seed", 7)
    stopped = cli(*asked, "--seconds", 0.2, "--out", tmp_path / "out")
    assert stopped.status == 3, stopped
    assert "stopped before it was done" in stopped.out
    assert "--resume" in stopped.out
    assert "proves" not in stopped.out


def test_a_rate_is_planned_drawn_and_shown(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = cli(
        *("sweep", "B1", "--image", "2.4.0", "--max-rate", 0.02, "--seed", 3),
        *("--confidence", 0.9, "--out", out),
    )
    assert ended.status == 0, ended
    drawn = lockrig._core.trials_for(0.02, 0.9)
    assert f"0 of {drawn} independent ones did" in ended.out
    assert "with 90% confidence" in ended.out


def test_what_was_chosen_by_what_was_seen_bounds_no_rate() -> None:
    with lockrig.open(ROOT / "fixtures/benches/virtual.toml", seed=7) as bench:
        lock = bench.station("B1")
        plan = SweepPlan(phases=("confirm",), choose="adaptive", count=3)
        sweep = lock.sweep(plan=plan)
        assert sweep.claim() == ""
        with pytest.raises(ValueError, match="independent random draws alone"):
            sweep.rate_bound()


def test_a_rate_that_was_not_shown_is_inconclusive_and_a_brick_fails(
    cli: Cli, tmp_path: Path
) -> None:
    ended = cli(
        *("sweep", *ROLL_BACK, "--defect", "mcuboot-1966", "--max-rate", 0.01),
        *("--seed", 1, "--tear", "0.5", "--out", tmp_path / "out"),
    )
    assert ended.status == 1, ended
    assert "bricked" in ended.out


def test_time_is_bisected_to_the_step_with_repeats(cli: Cli, tmp_path: Path) -> None:
    # By serial a lock of the model of 2017 is lost once the wrong image is complete.
    ended = cli(
        *("sweep", "A1", "--stimulus", "change_code", "--defect", "torn-settings"),
        *("--along", "time", "--span", "0,8,0.005", "--choose", "bisect"),
        *("--count", 200, "--repeats", 2, "--seed", 7, "--out", tmp_path / "out"),
    )
    assert ended.status == 1, ended
    boundaries = re.findall(r"^(up to|from) +stimulus \+ ([\d.]+) s", ended.out, re.M)
    assert len(boundaries) >= 2
    (_, before), (_, after) = boundaries[:2]
    assert float(after) - float(before) == pytest.approx(0.005)
    assert "2 of 2" in ended.out


def test_a_stimulus_that_fails_uncut_is_not_cut(cli: Cli, tmp_path: Path) -> None:
    ended = cli(
        *("sweep", "A1", "--image", "2.4.0+crash-at-start", "--defect", "no-rollback"),
        *("--seed", 7, "--out", tmp_path / "out"),
    )
    assert ended.status == 1, ended
    assert "uncut, it does not recover" in ended.out
    assert committed(tmp_path / "out") <= 2  # and its confirmation


def test_a_station_that_cannot_return_is_refused_before_anything_is_made(
    cli: Cli, tmp_path: Path
) -> None:
    text = (ROOT / "fixtures/benches/virtual.toml").read_text()
    bench = tmp_path / "none.toml"
    bench.write_text(
        f'boards = "{ROOT}/fixtures/boards"\n'
        + text.replace('on_exit = "off"', 'on_exit = "off"\nbaseline = "none"')
    )
    ended = cli(
        *("sweep", "A1", "--image", "2.4.0", "--bench", bench),
        *("--out", tmp_path / "out"),
    )
    assert ended.status == 2, ended
    assert "cannot return to its baseline" in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--resume", "/no/such"], "there is no run.db"),
        (["A1", "--resume", "x"], "--resume goes with --workers alone, not station"),
        (["A1"], "--image NAME: what is to be pushed?"),
        ([], "no station: expected"),
        (["A1", "--stimulus", "unlock", "--image", "2.4.0"], "--image goes with"),
        (["A1", "--image", "2.4.0", "--chain", "2"], "--chain goes with"),
        (["A1", "--image", "2.4.0", "--along", "time"], "needs --span"),
        (["A1", "--image", "2.4.0", "--span", "0,1,1"], "--span is for --along"),
        (
            ["A1", "--image", "2.4.0", "--along", "time", "--span", "3,1,1"],
            "expected FROM,TO[,STEP]",
        ),
        (
            ["A1", "--image", "2.4.0", "--max-rate", "0.1", "--count", "3"],
            "--max-rate says how many",
        ),
        (["A1", "--image", "2.4.0", "--after-op", "x"], "--after-op x: expected N"),
        (["A1", "--image", "2.4.0", "--choose", "adaptive"], "needs --count"),
    ],
)
def test_a_mistake_is_one_line(cli: Cli, arguments: list[str], line: str) -> None:
    ended = cli("sweep", *arguments)
    assert ended.status == 2, ended
    assert line in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_what_a_sweep_was_asked_for_survives_its_journal() -> None:
    plan = SweepPlan(
        axis="time",
        span=(0.0, 1.0, 0.5),
        after=(lockrig.cut_in_op(3, 0.5),),
        tear=None,
        choose="random",
        count=4,
    )
    request = SweepRequest(
        station="A1", stimulus="push", image="2.4.0", via="serial", plan=plan
    )
    assert SweepRequest.from_json(request.to_json()) == request
    with pytest.raises(ValueError, match="not what a sweep was asked for"):
        SweepRequest.from_json("{}")
