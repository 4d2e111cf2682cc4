"""The hardware path, measured: ./lockrig benchmark --hardware-path.

The other end of every measurement is lockrig_rehearsal, a process of its own: an
emulated FT2232H behind the real libftdi1, PTYs behind the real libserialport. Whoever
reacts, the moments between which it is timed are taken there, on one clock.
"""

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockrig.rehearsal import programs
from lockrig.root import FIXTURES, ROOT

PEERS = ROOT / "tests" / "benchmark" / "hardware_path"
PYTHON = "/usr/bin/python3"  # Debian's packages are this one's

PATTERN = "#REACT#"  # rig/rehearsal/echo_edges.hpp
# Of fixtures/boards/6000i/wiring.csv, which the clients load: power and rail, and which
# pins of ACBUS are outputs.
POWER, RAIL, ACBUS_OUTPUTS = 14, 2, 0b0110_0110

SERIALS = {"ours": "LR0001", "bare": "LR0002", "labgrid": "LR0003"}
NAMES = {"ours": "lockrig", "bare": "bare loop", "labgrid": "labgrid"}


# What the targets are about.
RATIOS = (
    "edge_p99_over_bare",
    "edge_p99_over_labgrid",
    "upload_line_share_115200",
    "upload_line_share_1m",
    "log_read_cost_growth",
)


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    consoles: Sequence[int]
    reactions: int  # of each, at one console and idle
    fewer_reactions: int  # of each, otherwise
    off_ms: Sequence[int]
    log_mib: int
    uploads: Sequence[tuple[int, int]]  # baud and KiB


FULL = Plan(
    consoles=(1, 8, 32),
    reactions=1500,
    fewer_reactions=400,
    off_ms=(1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000),
    log_mib=100,
    uploads=((115200, 64), (1_000_000, 64)),
)
QUICK = Plan(
    consoles=(1,),
    reactions=150,
    fewer_reactions=100,
    off_ms=(1, 10, 100),
    log_mib=20,
    uploads=((115200, 16), (1_000_000, 64)),
)

BATCH = 50  # so many of one, then of the next: a busy machine meets all alike
LOG_RUNS = 5
MEAN_PAUSE_S = 0.010  # between two provocations, with the reaction


def measure(plan: Plan, seed: int) -> dict[str, Any]:
    """All figures, and what they were measured on. Prints them as they come."""
    rehearsal()
    figures: dict[str, Any] = {"host": host(), "seed": seed}
    print(f"host: {figures['host']}; seed {seed}")
    draw = random.Random(seed)
    figures["edge"] = edges(plan, draw)
    figures["off_time"] = off_times(plan)
    figures["log"] = log(plan)
    figures["upload"] = uploads(plan)
    return ratios(figures) | figures


def ratios(figures: dict[str, Any]) -> dict[str, float | None]:
    """Those of RATIOS."""
    (first,) = (
        each for each in figures["edge"] if each["consoles"] == 1 and not each["busy"]
    )
    ours = first["ours"]["p99_us"]
    labgrid = first.get("labgrid")
    shares = {
        each["baud"]: each["windowed"]["line_share"] for each in figures["upload"]
    }
    return {
        "edge_p99_over_bare": round(ours / first["bare"]["p99_us"], 3),
        "edge_p99_over_labgrid": (
            None if labgrid is None else round(ours / labgrid["p99_us"], 3)
        ),
        "upload_line_share_115200": round(shares[115200], 4),
        "upload_line_share_1m": round(shares[1_000_000], 4),
        "log_read_cost_growth": round(figures["log"]["growth_median"], 3),
    }


def host() -> str:
    """The machine, its system, and how busy it is before we begin."""
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} x {cpu}, {platform.system()} {platform.release()},"
        f" load {load:.2f} before"
    )


def labgrid_is_there() -> bool:
    """Debian's python3-labgrid."""
    check = [PYTHON, "-c", "import labgrid, labgrid.driver"]
    return subprocess.run(check, capture_output=True).returncode == 0


# Pattern to edge


def edges(plan: Plan, draw: random.Random) -> list[dict[str, Any]]:
    """One entry for each number of consoles, idle and with all cores busy."""
    who = ["ours", "bare"]
    if labgrid_is_there():
        who.append("labgrid")
    else:
        print("labgrid: python3-labgrid is not installed, no comparison")
    print("\npattern on a console -> GPIO edge, in us (one emulated clock for all)")
    entries = []
    for consoles in plan.consoles:
        with ExitStack() as stack:
            bus = stack.enter_context(Bus(consoles))
            # labgrid's expect() blocks, and its record of steps is not for threads:
            # it fails an assertion with eight.
            if consoles > 1:
                who = ["ours", "bare"]
            reactors = {name: stack.enter_context(Reactor(bus, name)) for name in who}
            for busy in (False, True):
                count = plan.reactions
                if busy or consoles > 1:
                    count = plan.fewer_reactions
                with busy_cores() if busy else nullcontext():
                    entry = compare(bus, reactors, count, draw)
                load = "all cores busy" if busy else "idle"
                entry = {"consoles": consoles, "busy": busy} | entry
                entries.append(entry)
                show_edges(f"{consoles} consoles, {load}", entry, who)
    return entries


def compare(
    bus: "Bus", reactors: dict[str, "Reactor"], count: int, draw: random.Random
) -> dict[str, Any]:
    """The same provocations for each, batch by batch."""
    taken: dict[str, list[float]] = {name: [] for name in reactors}
    order = list(reactors)
    for _ in range(-(-count // BATCH)):
        batch_seed = draw.randrange(2**32)
        for name in order:
            taken[name] += reactors[name].react(bus, BATCH, batch_seed)
        order = order[1:] + order[:1]
    return {name: distribution(all_of_it) for name, all_of_it in taken.items()}


def distribution(reactions: Sequence[float]) -> dict[str, float]:
    """Percentiles by nearest rank; those that never came count apart."""
    came = sorted(each for each in reactions if each >= 0)
    if not came:
        raise ValueError("nobody reacted: the emulated chip saw no edge")

    def rank(share: float) -> float:
        return came[min(len(came) - 1, int(len(came) * share))]

    return {
        "count": len(came),
        "missed": len(reactions) - len(came),
        "p50_us": rank(0.5),
        "p99_us": rank(0.99),
        "p99_9_us": rank(0.999),
        "max_us": came[-1],
    }


def show_edges(title: str, entry: dict[str, Any], who: Sequence[str]) -> None:
    """A line for each."""
    print(f"  {title}:")
    for name in who:
        it = entry[name]
        over = f"  missed {it['missed']}" if it["missed"] else ""
        print(
            f"    {NAMES[name]:<10} p50 {it['p50_us']:7.0f}  p99 {it['p99_us']:7.0f}"
            f"  p99.9 {it['p99_9_us']:7.0f}  max {it['max_us']:7.0f}"
            f"  of {it['count']}{over}"
        )
    sys.stdout.flush()


@contextmanager
def busy_cores() -> Iterator[None]:
    """As many processes that never rest as there are cores."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()


class Bus:
    """Emulated chips and consoles, a set for each who reacts."""

    def __init__(self, consoles: int) -> None:
        self.command = [
            rehearsal(),
            "echo-edges",
            str(consoles),
            *SERIALS.values(),
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

    def ask(self, *command: object) -> str:
        """What stands behind "ok"."""
        asked = [self.command[0], "control", self.control, *map(str, command)]
        said = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
        if not said.startswith("ok"):
            raise ValueError(f"{command[0]}: {said}")
        return said[2:].strip()


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
        bus.ask("provoke", self.serial, POWER, count, seed)
        time.sleep(count * MEAN_PAUSE_S)
        while (said := bus.ask("reactions", self.serial)) == "busy":
            time.sleep(0.02)
        self.say("pause")
        return [float(each) for each in said.split()]


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


# Off time


def off_times(plan: Plan) -> dict[str, Any]:
    """Asked and achieved, off by the chip's clock and off by the host's."""
    print(
        "\npower off, asked -> achieved in ms, as the emulated pin sees it (chip-timed:"
        " by the emulated crystal, which is exact)"
    )
    serial = SERIALS["ours"]
    with Bus(1) as bus:
        bus.ask("follow", serial, POWER, RAIL)
        asked = [str(each) for each in plan.off_ms]
        command = [*client("interrupt-power"), serial, *asked]
        subprocess.run(command, env=bus.environment, check=True)
        changes = [each.split(",") for each in bus.ask("edges", serial, POWER).split()]
    # On; off, on by the chip; off, on by the host; ...; what closes the chip ends it.
    levels = [level for level, _, _ in changes]
    offs = [
        (float(on[1]) - float(off[1]), float(on[2]) - float(off[2]))
        for off, on in zip(changes[1:], changes[2:], strict=False)
        if off[0] == "0" and on[0] == "1"
    ]
    if len(offs) != 2 * len(plan.off_ms):
        raise ValueError(f"off_time: the emulated pin saw {''.join(levels)}")
    entries = []
    for ms, by_chip, by_host in zip(plan.off_ms, offs[0::2], offs[1::2], strict=True):
        entry = {
            "asked_ms": ms,
            # By the emulated crystal; the emulator itself moves the pin late by what
            # the machine is busy, which is the second figure.
            "chip_timed_ms": round(by_chip[1] / 1000, 4),
            "chip_timed_by_host_clock_ms": round(by_chip[0] / 1000, 4),
            "host_timed_ms": round(by_host[0] / 1000, 4),
        }
        entries.append(entry)
        print(
            f"  {ms:5} -> chip-timed {entry['chip_timed_ms']:9.3f}"
            f" (moved by the emulator {entry['chip_timed_by_host_clock_ms']:9.3f}),"
            f" host-timed {entry['host_timed_ms']:9.3f}"
        )

    def worst(key: str) -> float:
        return max(abs(each[key] - each["asked_ms"]) for each in entries)

    result = {
        "entries": entries,
        "worst_error_chip_timed_ms": worst("chip_timed_ms"),
        "worst_error_host_timed_ms": worst("host_timed_ms"),
    }
    print(
        f"  worst error: chip-timed {result['worst_error_chip_timed_ms']:.3f} ms,"
        f" host-timed {result['worst_error_host_timed_ms']:.3f} ms"
    )
    return result


# Log


def log(plan: Plan) -> dict[str, Any]:
    """A console that talks for long and never says the word. Several times, as what
    else the machine does moves the cost of a read more than a log does."""
    preload = {"LD_PRELOAD": str(programs() / "lockrig_tty.so")}
    command = [*client("read-log"), str(plan.log_mib)]
    print(
        f"\na log of {plan.log_mib} MiB without a match: processor time a read, the"
        " median of the first and the last 5 %"
    )
    runs = []
    for _ in range(LOG_RUNS):
        said = output_of(command, preload)
        said["growth"] = said["read_us_end"] / said["read_us_start"]
        runs.append(said)
        print(
            f"  {said['reads']} reads, {said['read_us_start']:.2f} us at the start and"
            f" {said['read_us_end']:.2f} us at the end"
            f" ({said['read_bytes_start']:.0f} and {said['read_bytes_end']:.0f} bytes);"
            f" {said['mib_per_s']:.1f} MiB/s, memory +{said['rss_growth_kib']} KiB,"
            f" {said['bytes_lost']} bytes lost, {said['reads_damaged']} reads damaged"
        )
    return {
        "runs": runs,
        "growth_median": statistics.median(run["growth"] for run in runs),
        "bytes_lost": sum(run["bytes_lost"] for run in runs),
    }


def output_of(command: list[str], more: dict[str, str]) -> dict[str, Any]:
    """The JSON that it prints. ValueError if it fails; what it said is above."""
    ended = subprocess.run(
        command, env={**os.environ, **more}, stdout=subprocess.PIPE, text=True
    )
    if ended.returncode != 0:
        raise ValueError(f"{Path(command[0]).name} {command[1]} failed")
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


# Upload


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
                preload = {"LD_PRELOAD": str(programs() / "lockrig_tty.so")}
                entry[name] = output_of(command, preload)
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
