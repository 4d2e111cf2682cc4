"""However the rig ends, its station is safe within a second: keys released, power as
on_exit says, the lock free, and after a death the board marked unknown."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rehearsed import Rehearsal, bench_text, rehearsing, until, until_while

WITHIN_S = 1.0  # of the rig's death
UP_S = 20.0  # for a process to come as far as it shall
ON_EXIT = {"S1": "off", "S2": "keep"}
SERIAL = {"S1": "T0001", "S2": "T0002"}

# Its own file, as a person's script would be: nothing of it heeds how it ends.
SCRIPT = """
import sys
from lockrig import _core

bench, station, what = _core.Bench(sys.argv[1]), sys.argv[2], sys.argv[3]
session = bench.session(station, seed=1, defects=[], fresh=True)
session.power_on()
if what == "upload":
    session.push("6000i-A/2.4.0")
elif what == "hold":
    session.hold("5")
    session.sleep(60)
elif what == "raise":
    session.hold("5")
    raise RuntimeError("of the scenario")
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("kill")
    # The image is large enough that its upload takes two seconds.
    text = bench_text(2, "rehearsal", image_kib=64, on_exit=tuple(ON_EXIT.values()))
    with rehearsing(folder, text) as made:
        (folder / "script.py").write_text(SCRIPT)
        yield made


def start(rehearsed: Rehearsal, station: str, what: str) -> "subprocess.Popen[str]":
    script = rehearsed.folder / "script.py"
    return rehearsed.start(script, rehearsed.bench, station, what)


def is_free(file: Path) -> bool:
    """Nobody holds the station's lock."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def flash_under_way(
    rehearsed: Rehearsal, station: str, process: "subprocess.Popen[str]"
) -> None:
    # That of the lock before is forgotten when it gets power.
    until_while(process, lambda: rehearsed.has_power(station), UP_S, "power")
    until_while(
        process, lambda: rehearsed.slot_writes(station) >= 20, UP_S, "the upload"
    )


def key_pressed(
    rehearsed: Rehearsal, station: str, process: "subprocess.Popen[str]"
) -> None:
    until_while(process, lambda: rehearsed.key_is_pressed(station), UP_S, "a key press")


def expect_safe(rehearsed: Rehearsal, station: str, *, killed: bool) -> None:
    """REQUIRES: it had power, and has just ended."""
    begin = time.monotonic()

    def is_safe() -> bool:
        pressed = rehearsed.key_is_pressed(station)
        power = rehearsed.has_power(station)
        return not pressed and power == (ON_EXIT[station] == "keep")

    def is_marked() -> bool:
        return not killed or rehearsed.board(SERIAL[station]).get("state") == "unknown"

    until(is_safe, WITHIN_S, "keys released and power as on_exit says")
    until(is_marked, WITHIN_S, "the board marked unknown")
    until(lambda: is_free(rehearsed.lock_file(SERIAL[station])), WITHIN_S, "the lock")
    assert time.monotonic() - begin < WITHIN_S


@pytest.mark.parametrize("station", ON_EXIT)
def test_killed_in_the_middle_of_a_flash(rehearsed: Rehearsal, station: str) -> None:
    process = start(rehearsed, station, "upload")
    flash_under_way(rehearsed, station, process)
    assert rehearsed.has_power(station)
    assert not is_free(rehearsed.lock_file(SERIAL[station]))
    process.kill()
    expect_safe(rehearsed, station, killed=True)
    out, _ = process.communicate()
    assert "done" not in out and process.returncode == -signal.SIGKILL
    assert "died with power on" in rehearsed.board(SERIAL[station])["why"]


@pytest.mark.parametrize("station", ON_EXIT)
def test_killed_while_a_key_is_held(rehearsed: Rehearsal, station: str) -> None:
    process = start(rehearsed, station, "hold")
    key_pressed(rehearsed, station, process)
    process.kill()
    expect_safe(rehearsed, station, killed=True)


@pytest.mark.parametrize("station", ON_EXIT)
def test_an_exception_while_a_key_is_held(rehearsed: Rehearsal, station: str) -> None:
    process = start(rehearsed, station, "raise")
    _, err = process.communicate(timeout=UP_S)
    assert "of the scenario" in err and process.returncode == 1
    expect_safe(rehearsed, station, killed=False)
    assert rehearsed.board(SERIAL[station])["state"] == "known"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("station", ON_EXIT)
def test_a_run_that_is_told_to_end(
    rehearsed: Rehearsal, station: str, how: signal.Signals, tmp_path: Path
) -> None:
    process = rehearsed.start(
        *("-m", "lockrig", "run", "scenarios", "-k", f"ID-01 and {station}"),
        *("--bench", rehearsed.bench, "--out", tmp_path / "out"),
    )
    key_pressed(rehearsed, station, process)
    process.send_signal(how)
    out, err = process.communicate(timeout=UP_S)
    assert process.returncode == 130, out + err
    assert "interrupted" in err and "Traceback" not in err
    expect_safe(rehearsed, station, killed=False)


def test_a_station_that_is_held_names_who_has_it(
    rehearsed: Rehearsal, tmp_path: Path
) -> None:
    holder = start(rehearsed, "S1", "hold")
    key_pressed(rehearsed, "S1", holder)
    second = start(rehearsed, "S1", "raise")
    _, err = second.communicate(timeout=UP_S)
    (line,) = [each for each in err.splitlines() if "RigError" in each]
    assert "station S1 is held by " in line
    assert f", process {holder.pid} (" in line and "script.py" in line
    assert "), since 20" in line and " UTC" in line
    # The same from the command line: a finding of the doctor, and no traceback.
    doctor = rehearsed.start(
        *("-m", "lockrig", "doctor", "S1", "--bench", rehearsed.bench)
    )
    out, err = doctor.communicate(timeout=UP_S)
    assert doctor.returncode == 3 and "Traceback" not in err
    assert out.count(f", process {holder.pid} (") >= 1 and "devices" in out
    # Neither has disturbed the holder.
    assert rehearsed.key_is_pressed("S1") and holder.poll() is None
