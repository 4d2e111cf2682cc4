"""The other end of reactions and cuts: lockrig_rehearsal echo-edges."""

import json
import os
import subprocess
from collections.abc import Iterable

from lockrig.hardware_path.processes import rehearsal

# Of fixtures/boards/6000i/wiring.csv, which the clients load.
POWER, RAIL = 14, 2


class Bus:
    """Emulated chips and consoles, a set for each who reacts."""

    def __init__(self, consoles: int, serials: Iterable[str]) -> None:
        self.command = [
            rehearsal(),
            "echo-edges",
            str(consoles),
            *serials,
        ]

    def __enter__(self) -> "Bus":
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.__exit__()
            raise ValueError("the emulated chips did not come up")
        ready = json.loads(line)
        self.control = ready["control"]
        self.environment = {
            **os.environ,
            "UMOCKDEV_DIR": ready["umockdev_dir"],
            "LD_PRELOAD": ":".join(ready["preload"]),
        }
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def provoke(self, serial: str, count: int, seed: int) -> list[float]:
        """Returns once it is over. Microseconds until the power line moved."""
        assert self.process.stdout is not None
        self.ask("provoke", serial, POWER, count, seed)
        line = self.process.stdout.readline()
        if line != f"provoked {serial}\n":
            raise ValueError(f"the emulated chips said {line!r}")
        return [float(each) for each in self.ask("reactions", serial).split()]

    def ask(self, *command: object) -> str:
        """What stands behind "ok"."""
        asked = [self.command[0], "control", self.control, *map(str, command)]
        said = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
        if not said.startswith("ok"):
            raise ValueError(f"{command[0]}: {said}")
        return said[2:].strip()
