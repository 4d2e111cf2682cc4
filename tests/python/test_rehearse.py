"""./lockrig rehearse: a command where the emulated devices are plugged in."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended, command, environment, heed_interrupts

import lockrig
from lockrig.rehearsal import INSIDE, programs

BENCH = ROOT / "fixtures" / "benches" / "rehearsal.toml"

needs_twins = pytest.mark.skipif(
    not (programs() / "lockrig_rehearsal").is_file(),
    reason="lockrig_rehearsal is not built",
)

SCRIPT = """
import sys

import lockrig
from lockrig import _core

with lockrig.open(sys.argv[1]) as bench:
    print(bench.kind, bench.stations()[0])
seen = _core.devices()
print(seen["ftdi"][0]["usb_serial"], seen["serial"][0]["interface"])
sys.exit(7)
"""


@needs_twins
def test_a_script_of_ones_own_finds_the_devices_and_ends_as_it_likes(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ended = cli("rehearse", "--", "python3", script, BENCH)
    assert ended == Ended(7, "rehearsal A1\nLR0001 1\n", "")


@needs_twins
def test_a_command_killed_by_a_signal_is_told_from_one_that_ends(
    cli: Callable[..., Ended],
) -> None:
    ended = cli("rehearse", "--bench", BENCH, "--", "sh", "-c", "kill -TERM $$")
    assert ended.status == 128 + signal.SIGTERM


@needs_twins
def test_a_command_that_there_is_not_is_one_line(cli: Callable[..., Ended]) -> None:
    ended = cli("rehearse", "--", "/no/program")
    assert ended == Ended(2, "", "lockrig: /no/program: No such file or directory\n")


@needs_twins
def test_ctrl_c_is_the_commands_to_answer(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    body = f"trap 'exit 5' INT; echo >{begun}; read line"
    process = subprocess.Popen(
        command("rehearse", "--", "sh", "-c", body),
        env=environment(),
        stdin=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    begun.read_text(encoding="utf-8")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    process.communicate(timeout=30)
    assert process.returncode == 5


def test_outside_a_bench_says_how_to_get_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(INSIDE, raising=False)
    with pytest.raises(ValueError) as error:
        lockrig.open(BENCH)
    assert str(error.value) == (
        f"{BENCH} is a rehearsal, whose devices are there only inside of"
        " ./lockrig rehearse -- python3 script.py"
    )


def test_there_is_no_rehearsal_inside_of_one(
    cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INSIDE, "/a/socket")
    ended = cli("rehearse", "--", "true")
    assert ended == Ended(2, "", "lockrig: this is the inside of a rehearsal already\n")
