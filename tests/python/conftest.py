"""Runs the command line as a user does, and reads what it leaves."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATION = """
[stations.{name}]
board = "{board}"
serial = "T-{name}"
user_code = "25{number}"
programming_code = "7041{number}"
{more}
"""


@dataclass
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


@dataclass
class Journal:
    """The folder of a run."""

    folder: Path

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "run.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def case(self, case_id: str) -> dict[str, Any]:
        """Its one row."""
        columns = "outcome, reason, purpose, defect, caught, measurements, simulated_s"
        (row,) = self.ask(f"SELECT {columns} FROM cases WHERE case_id = '{case_id}'")
        return dict(zip(columns.split(", "), row, strict=True))

    def attempts(self, case_id: str) -> list[tuple[Any, ...]]:
        """Attempt, verdict and purpose of its trials."""
        return self.ask(
            "SELECT attempt, verdict, purpose FROM trials"
            f" WHERE case_id = '{case_id}' ORDER BY id, attempt"
        )

    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "summary.json").read_text()))


@pytest.fixture(scope="module", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is remembered of stations: not that of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCKRIG_STATE", str(folder))
        yield folder


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "python"), **more}


def heed_interrupts() -> None:
    """In a child: a job that a shell started in the background was told to ignore
    them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "lockrig", *map(str, arguments)]


@pytest.fixture(scope="session")
def cli() -> Callable[..., Ended]:
    """./lockrig without its set-up."""

    def run(*arguments: object, cwd: Path = ROOT) -> Ended:
        ended = subprocess.run(
            command(*arguments),
            cwd=cwd,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture(scope="session")
def bench_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A virtual bench with these boards on stations S1, S2, ..."""

    def make(*boards: str, more: str = "") -> Path:
        file = tmp_path_factory.mktemp("bench") / "bench.toml"
        text = f'kind = "virtual"\nboards = "{ROOT / "fixtures" / "boards"}"\n'
        for number, board in enumerate(boards, start=1):
            text += STATION.format(
                name=f"S{number}", board=board, number=80 + number, more=more
            )
        file.write_text(text)
        return file

    return make
