"""./lockrig twin: one virtual board's service port, talked to as by any SMP client."""

import base64
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Ended, command, environment, heed_interrupts

from lockrig.rehearsal import programs

LIMIT_S = 30.0
ANSWER_LIMIT_S = 1.0
TRIES = 30

# A write of {"d": "hello"} to OS echo in SMP v2, and its answer {"r": "hello"}: header
# (version and op, flags, length, group, sequence, id; big-endian) and CBOR.
ECHO = bytes.fromhex("0a00 0009 0000 2a00") + b"\xa1\x61d\x65hello"
# An answer may come as an indefinite-length map, as MCUboot's do.
ANSWERS = [
    begin + b"\x61r\x65hello" + end
    for begin, end in ((b"\xa1", b""), (b"\xbf", b"\xff"))
]

needs_twins = pytest.mark.skipif(
    not (programs() / "lockrig_rehearsal").is_file(),
    reason="lockrig_rehearsal is not built",
)


def crc16(body: bytes) -> int:
    """CRC-16/XMODEM."""
    crc = 0
    for byte in body:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def to_line(message: bytes) -> bytes:
    """A message of one fragment, as SMP over serial has it."""
    framed = (len(message) + 2).to_bytes(2, "big") + message
    framed += crc16(message).to_bytes(2, "big")
    return b"\x06\x09" + base64.b64encode(framed) + b"\n"


def from_line(line: bytes) -> bytes:
    framed = base64.b64decode(line.removeprefix(b"\x06\x09"))
    message = framed[2:-2]
    assert int.from_bytes(framed[:2], "big") == len(message) + 2
    assert int.from_bytes(framed[-2:], "big") == crc16(message)
    return message


def ask(port: int, message: bytes) -> bytes:
    """The answer; a lock that still starts hears nothing and is asked again, as clients
    do. What else its console says is passed over."""
    text = b""
    for _ in range(TRIES):
        os.write(port, to_line(message))
        while select.select([port], [], [], ANSWER_LIMIT_S)[0]:
            text += os.read(port, 4096)
            *lines, _ = text.split(b"\n")
            for line in lines:
                if line.startswith(b"\x06\x09"):
                    return from_line(line)
    raise AssertionError(f"no answer, but {text!r}")


@contextmanager
def served(path: Path, *more: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("twin", "--model", "6000i", "--pty", path, *more),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """What it said up to the line that says that it serves."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if " serves SMP on " in line:
            return said
    raise AssertionError(f"it ended: {said}{process.communicate()[1]}")


@needs_twins
def test_it_answers_an_echo_and_goes_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with served(path, "--revision", "B", "--baud", 1_000_000) as process:
        said = wait_until_ready(process)
        assert f"dev={path} " in said
        assert said.endswith(f"6000i-B serves SMP on {path} at 1000000 baud\n")
        port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            answer = ask(port, ECHO)
        finally:
            os.close(port)
        assert answer[0] & 0b111 == 3  # a write's answer
        assert answer[4:8] == ECHO[4:8]  # group, sequence, id
        assert answer[8:] in ANSWERS
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=LIMIT_S) == 0
        assert not os.path.lexists(path)


@needs_twins
def test_a_path_that_is_there_is_not_touched(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    there = tmp_path / "lock"
    there.write_text("mine")
    dangling = tmp_path / "link"
    dangling.symlink_to("/no/where")
    for path in (there, dangling):
        ended = cli("twin", "--model", "6000i", "--pty", path)
        assert ended == Ended(2, "", f"lockrig: --pty {path}: is there already\n")
    assert there.read_text() == "mine"
    assert os.readlink(dangling) == "/no/where"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--model", "8000i"], "--model 8000i: there are: 6000i, 7000i"),
        (["--model", "../6000i"], "--model ../6000i: there are: 6000i, 7000i"),
        (
            ["--model", "7000i", "--revision", "B"],
            "--revision B: of a 7000i there are: A",
        ),
        (["--model", "6000i", "--baud", "0"], "Invalid value for '--baud'"),
        (["--model", "6000i", "--pty", "/no/x"], "/no/x: there is no such folder"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_mistake_is_one_line(
    cli: Callable[..., Ended], tmp_path: Path, arguments: list[str], line: str
) -> None:
    ended = cli("twin", "--pty", tmp_path / "lock", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("lockrig: ") and ended.err.count("\n") == 1
    assert line in ended.err
