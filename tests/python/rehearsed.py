"""A rehearsal bench of a test's own, and programs that run inside of it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import heed_interrupts

from lockrig import rehearsal

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "fixtures" / "boards"

# Bits of the chip's pins (ADBUS 0-7, ACBUS 8-15), by fixtures/boards/6000i/wiring.csv.
POWER, KEYPAD_ENABLE = 1 << 14, 1 << 7

ASK_S = 0.005

HEAD = f"""
kind = "{{kind}}"
boards = "{BOARDS}"
image_kib = {{image_kib}}
[board.portal]
heartbeat_s = 4
retry_first_s = 1
[board.keypad]
entry_timeout_s = 2
auto_lock_s = 3
lock_out_s = 5
[board.firmware]
trial_window_s = 20
[board.limits]
boot_max_s = 5
relock_max_s = 4.5
check_in_max_s = 8
update_max_s = 15
confirm_max_s = 30
lock_out_max_s = 8
"""
STATION = """
[stations.{name}]
board = "6000i-A"
serial = "T-{name}"
user_code = "{user}"
programming_code = "7{user}2"
"""
DEVICES = """
on_exit = "{on_exit}"
gpio = {{ usb_serial = "T{number:04}" }}
console = {{ usb_serial = "T{number:04}", interface = 1, baud = 921600 }}
portal = "127.0.0.1:{port}"
"""


def bench_text(
    stations: int, kind: str, image_kib: int = 8, on_exit: tuple[str, ...] = ()
) -> str:
    """Stations S1, S2, ... of a virtual or a rehearsal bench, with 6000i locks that are
    quick in all they do."""
    text = HEAD.format(kind=kind, image_kib=image_kib)
    if kind == "rehearsal":
        text += "[board.console]\nbaud = 921600\n"
    for number, port in enumerate(_free_ports(stations), start=1):
        text += STATION.format(name=f"S{number}", user=251600 + 7 * number)
        if kind == "rehearsal":
            how = on_exit[number - 1] if on_exit else "off"
            text += DEVICES.format(number=number, port=port, on_exit=how)
    return text


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Asks as fast as it is answered: no condition is without a question to another
    process or to the kernel."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > limit_s:
            pytest.fail(f"{what}: not within {limit_s} s")


def until_while(
    process: "subprocess.Popen[str]",
    condition: Callable[[], bool],
    limit_s: float,
    what: str,
) -> None:
    """The same while a process is at work, which shall not be slowed down by questions:
    one every ASK_S. Fails at once when it says something or ends."""
    begin = time.monotonic()
    while not condition():
        if has_said(process, ASK_S):
            pytest.fail(f"{what}: instead it says {line_from(process, 0)}")
        if time.monotonic() - begin > limit_s:
            pytest.fail(f"{what}: not within {limit_s} s")


def has_said(process: "subprocess.Popen[str]", limit_s: float = 0.0) -> bool:
    """A line of it waits to be read, or it has ended."""
    return bool(select.select([process.stdout], [], [], limit_s)[0])


def line_from(process: "subprocess.Popen[str]", limit_s: float) -> str:
    """The next line that it prints. REQUIRES: it prints whole lines, one when asked."""
    assert process.stdout is not None
    if not has_said(process, limit_s):
        pytest.fail(f"it says nothing within {limit_s} s")
    line = process.stdout.readline()
    assert line, process.communicate()
    return line.strip()


@dataclass
class Rehearsal:
    """Twins that live, the environment of those who use them, and the hand on them."""

    bench: Path
    folder: Path
    environment: dict[str, str]
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def control(self, *words: str) -> str:
        """What stands behind "ok"."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(10)
            line.connect(self.environment[rehearsal.INSIDE])
            line.sendall((" ".join(words) + "\n").encode())
            answer = line.makefile().readline().strip()
        assert answer.startswith("ok"), f"{words}: {answer}"
        return answer.removeprefix("ok").strip()

    def pins(self, station: str) -> tuple[int, int]:
        """Levels, and which of them the chip drives."""
        levels, driven = (
            int(each.partition("=")[2], 16)
            for each in self.control("pins", station).split()
        )
        return levels, driven

    def has_power(self, station: str) -> bool:
        levels, driven = self.pins(station)
        return bool(levels & driven & POWER)

    def key_is_pressed(self, station: str) -> bool:
        """The 16 switches are enabled, by a low level."""
        levels, driven = self.pins(station)
        return bool(driven & ~levels & KEYPAD_ENABLE)

    def slot_writes(self, station: str) -> int:
        return int(self.control("slot_writes", station))

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Python inside of the rehearsal; ended with it, whatever the test does."""
        process = subprocess.Popen(
            [sys.executable, "-P", *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            preexec_fn=heed_interrupts,
        )
        self.started.append(process)
        return process

    def lock_file(self, usb_serial: str) -> Path:
        return self.folder / "locks" / f"{usb_serial}.lock"

    def board(self, usb_serial: str) -> dict[str, str]:
        """What the host remembers of the station's board: nothing at first."""
        file = self.folder / "state" / f"{usb_serial}.json"
        return dict(json.loads(file.read_text())["board"]) if file.exists() else {}


@contextmanager
def rehearsing(folder: Path, text: str) -> Iterator[Rehearsal]:
    """Skips the test where the programs are not built."""
    for program in ("lockrig_rehearsal", "lockrig_guard"):
        if not (rehearsal.programs() / program).exists():
            pytest.skip(
                f"{rehearsal.programs() / program} is not built: ./lockrig builds it"
            )
    bench = folder / "bench.toml"
    bench.write_text(text)
    with rehearsal.environment(bench) as inside:
        inside |= {
            "PYTHONPATH": str(ROOT / "python"),
            "LOCKRIG_STATE": str(folder / "state"),
            "LOCKRIG_LOCKS": str(folder / "locks"),
            "LOCKRIG_PROGRAMS": str(rehearsal.programs()),
        }
        made = Rehearsal(bench, folder, inside)
        try:
            yield made
        finally:
            for process in made.started:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                process.communicate()
