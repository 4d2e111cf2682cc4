"""Who reacts to a pattern on a console: lockrig, a bare loop, labgrid."""

import subprocess

from lockrig.hardware_path.emulated_bus import POWER, Bus
from lockrig.hardware_path.processes import client
from lockrig.root import ROOT

PEERS = ROOT / "tests" / "benchmark" / "hardware_path"
PYTHON = "/usr/bin/python3"  # Debian's packages are this one's

PATTERN = "#REACT#"  # rig/rehearsal/echo_edges.hpp
# Which pins of ACBUS are outputs in fixtures/boards/6000i/wiring.csv.
ACBUS_OUTPUTS = 0b0110_0110

SERIALS = {"ours": "LR0001", "bare": "LR0002", "labgrid": "LR0003"}
NAMES = {"ours": "lockrig", "bare": "bare loop", "labgrid": "labgrid"}


def labgrid_is_there() -> bool:
    """Debian's python3-labgrid."""
    check = [PYTHON, "-c", "import labgrid, labgrid.driver"]
    return subprocess.run(check, capture_output=True).returncode == 0


class Reactor:
    """A process that reacts, and rests while others are measured."""

    def __init__(self, bus: Bus, name: str) -> None:
        self.name, self.serial = name, SERIALS[name]
        consoles = [
            each.rsplit(",", 1) for each in bus.ask("consoles", self.serial).split()
        ]
        adapters = [adapter for adapter, _ in consoles]
        ptys = [pty for _, pty in consoles]
        if name == "ours":
            command = [*client("react"), self.serial, *adapters]
        elif name == "bare":
            command = [*client("react-barely"), self.serial, *ptys]
        else:
            command = [PYTHON, str(PEERS / "labgrid_peer.py"), self.serial, PATTERN]
            command += [str(ACBUS_OUTPUTS), str(1 << POWER - 8), *ptys]
        self.command, self.environment = command, bus.environment

    def __enter__(self) -> "Reactor":
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say("pause")
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def say(self, word: str) -> None:
        """Waits until it has been heeded."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ValueError(f"{NAMES[self.name]} has ended: what it said is above")

    def react(self, bus: Bus, count: int, seed: int) -> list[float]:
        """Microseconds, as the emulated side saw them."""
        self.say("go")
        reactions = bus.provoke(self.serial, count, seed)
        self.say("pause")
        return reactions
