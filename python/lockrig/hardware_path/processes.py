"""The programs that are measured, and the one at their other end."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from lockrig.rehearsal import programs


def client(mode: str) -> list[str]:
    """The C++ program in one of its modes."""
    folder = programs().parent / "tests" / "benchmark"
    return [built(folder / "lockrig_hardware_path"), mode]


def rehearsal() -> str:
    """The program at the other end."""
    return built(programs() / "lockrig_rehearsal")


def built(program: Path) -> str:
    """ValueError if it is not."""
    if not program.is_file():
        raise ValueError(f"{program} is not built; ./lockrig benchmark builds it")
    return str(program)


def tty_preload() -> dict[str, str]:
    """Under which libserialport takes a PTY for a port."""
    return {"LD_PRELOAD": str(programs() / "lockrig_tty.so")}


def output_of(command: list[str], more: dict[str, str]) -> dict[str, Any]:
    """The JSON that it prints. ValueError if it fails; what it said is above."""
    ended = subprocess.run(
        command, env={**os.environ, **more}, stdout=subprocess.PIPE, text=True
    )
    if ended.returncode != 0:
        raise ValueError(f"{Path(command[0]).name} {command[1]} failed")
    said: dict[str, Any] = json.loads(ended.stdout)
    return said
