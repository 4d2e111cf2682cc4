"""Upload: the share of the line's time that an image's bytes take."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockrig.hardware_path.plan import Plan
from lockrig.hardware_path.processes import client, output_of, rehearsal, tty_preload
from lockrig.root import FIXTURES


def uploads(plan: Plan) -> list[dict[str, Any]]:
    """Windowed as the lock offers it, against a lock with a single buffer."""
    print(
        "\nupload to a paced twin on a PTY (its flash made 1000 times as fast as a real"
        " one: the line is the limit); share of the line's bytes in the time it took"
    )
    entries = []
    for baud, kib in plan.uploads:
        entry: dict[str, Any] = {"baud": baud}
        for name, buffers in (("windowed", 4), ("stop_and_wait", 1)):
            with twin(baud, buffers) as port:
                command = [*client("upload"), port, str(baud), str(kib)]
                entry[name] = output_of(command, tty_preload())
        entries.append(entry)
        shares = [entry[name]["line_share"] for name in ("windowed", "stop_and_wait")]
        print(
            f"  {baud} baud, {kib} KiB: windowed {shares[0]:.4f}"
            f" ({entry['windowed']['seconds']:.3f} s),"
            f" stop-and-wait {shares[1]:.4f}"
        )
        sys.stdout.flush()
    return entries


@contextmanager
def twin(baud: int, buffers: int) -> Iterator[str]:
    """The port of a 6000i that offers so many buffers, and whose flash costs nothing."""
    with tempfile.TemporaryDirectory(prefix="lockrig-twin-") as folder:
        fixtures = Path(folder)
        # The keys stand beside the boards.
        (fixtures / "keys").symlink_to(FIXTURES / "keys")
        here = fixtures / "boards" / "6000i"
        here.mkdir(parents=True)
        for file in (FIXTURES / "boards" / "6000i").iterdir():
            (here / file.name).write_bytes(file.read_bytes())
        board = here / "board.toml"
        board.write_text(fast_flash(board.read_text("utf-8"), buffers), "utf-8")
        port = fixtures / "port"
        process = subprocess.Popen(
            [
                *(rehearsal(), "twin", "--model", "6000i"),
                *("--pty", str(port), "--speed", str(baud)),
                *("--boards", str(here.parent)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise ValueError("the twin did not come up")
            yield str(port)
        finally:
            process.terminate()
            process.wait()


def fast_flash(board: str, buffers: int) -> str:
    """board.toml with other numbers; the keys are checked to be there."""
    changes = {
        "erase_ms": 0.045,
        "first_byte_us": 0.03,
        "further_byte_ns": 3,
        "smp_buffers": buffers,
    }
    lines = board.splitlines()
    for key, value in changes.items():
        (at,) = (i for i, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[at] = f"{key} = {value}"
    return "\n".join(lines) + "\n"
