"""The C++ rig as Python sees it: values in, values out.

Times are seconds as floats, of a world's clock. Calls that run a world release the GIL,
stop at Ctrl-C and have a limit in the world's own time. A caller's mistake is ValueError
(BadInput if a file is wrong), a fault of the rig is RigError; a fault of the lock is never
an exception: it is part of what is returned.
"""

from collections.abc import Callable
from typing import Any

QUESTIONS: list[str]
"""What the recovery oracle asks, in its order."""

VERDICTS: list[str]
"""In rising order of harm, `inconclusive` last."""

class RigError(RuntimeError):
    """The rig could not tell: names station, device and what to check."""

class BadInput(ValueError):
    """A file is wrong: "file:line: key: what"."""

class LimitReached(RuntimeError):
    """A call into a world ran into its limit: names who waits for what."""

def version() -> str:
    """Of the program."""

def identifier(spec_json: str) -> str:
    """Twelve hexadecimal digits that name the trial of this spec."""

def rate_bound(failures: int, trials: int, confidence: float) -> float:
    """The rate that is not exceeded, with that confidence, after Clopper and Pearson: of
    independent trials only. 1.0 where nothing was tried."""

def trials_for(max_rate: float, confidence: float) -> int:
    """The least number of trials which, if none fails, show that rate."""

def find_spec(run_db: str, identifier: str) -> str | None:
    """The spec (JSON) of a trial that the journal holds; None if it holds none."""

def examine(
    bench: Bench, station: str, seed: int = 0, unplugged: list[str] = []
) -> dict[str, Any]:
    """What the doctor finds on a station (rig/trial/doctor.hpp): station, fit, findings
    (check, status "ok" "failed" "not_asked", refuses, measured, unit, low, high, detail,
    look_at) and calibration (None unless power was seen on and off). `unplugged`: wires
    pulled first."""

def devices() -> dict[str, Any]:
    """What is plugged in: `ftdi` (usb_serial product chip path drivers trouble), where
    chip is "" for one that no station can use, and `serial` (path description usb_serial
    product interface); `ftdi_trouble` and `serial_trouble` say why there is no list."""

def image_show(file: bytes) -> dict[str, Any]:
    """What an image says of itself: fault ("none" if it is well formed), file_size, and as
    far as it can be read version, total_size, header_size, body_size, flags,
    load_address, vendor, device_class, hardware_mask, security_counter, digest, signed,
    tlvs (a list of type, protected, length, value). Bytes are hexadecimal text.
    """

def image_verify(file: bytes, pem_path: str) -> str:
    """The name of the first fault under this public (or private) key: "none" is good."""

def image_mutations() -> list[str]:
    """The names that image_mutate knows."""

def image_mutate(file: bytes, mutation: str, arguments: dict[str, Any]) -> bytes:
    """The image with one mutation.

    `arguments` holds what the mutation needs, the rest is ignored: number (int; bytes, a
    bit's number or a size), other (bytes: the image whose body is taken), device_class
    (UUID), security_counter (int), version (text), key (path of a private PEM).
    ValueError names what is missing or out of range.
    """

class Journal:
    """The record of one run: an SQLite file with one writer."""

    @staticmethod
    def create(path: str, run: dict[str, Any]) -> Journal:
        """Begins a run. `run`: version, seed (int), command_line, bench, bench_kind,
        started (UTC text), host (dict of texts), and request (JSON) where it can be
        resumed. A file that exists is refused."""
    @staticmethod
    def resume(path: str) -> Journal:
        """Goes on with a run that did not end."""
    def info(self, key: str) -> str | None:
        """A fact of the run (rig/journal/schema.sql)."""
    def has(self, case_id: str, id: str, attempt: int) -> bool:
        """Whether that attempt of a trial is journalled."""
    def add_trial(
        self,
        record_json: str,
        case_id: str,
        purpose: str,
        attempt: int,
        trace_lines: str = "",
    ) -> None:
        """One attempt (from 1) of a trial, for "case", "control" or "expected". What is
        there already is refused."""
    def add_case(self, case: dict[str, Any]) -> None:
        """case_id station scenario outcome purpose defect caught reason measurements
        wall_s simulated_s."""
    def add_sweep(self, sweep: dict[str, Any]) -> None:
        """case_id station sweep operations fractions trials, of an exhaustive sweep."""
    def add_outcome(self, outcome: dict[str, Any]) -> None:
        """case_id station scenario map row column value note: one cell of a map that a
        scenario judges itself. A cell that is there is refused."""
    def add_station(self, station: dict[str, Any]) -> None:
        """station board quarantined examination calibration last_good_shams, all texts:
        the two before the last are JSON. Replaces the station's row."""
    def absorb(self, share: str) -> None: ...
    def finish(self, wall_s: float) -> None:
        """The run has ended."""
    def trace_sha256(self) -> str:
        """One hash over all trials, whatever the order in which they came."""

class Bench:
    """The stations of one bench file."""

    def __init__(self, path: str) -> None:
        """BadInput names file, line and key."""
    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def shared(self) -> bool: ...
    @property
    def nightly(self) -> list[str]: ...
    def stations(self) -> list[str]:
        """In the order of the file."""
    def facts(self, station: str) -> dict[str, Any]:
        """station board model revision serial slip_user slip_programming default_users
        default_programming user_code programming_code wrong_code_limit functions limits
        (seconds by name)."""
    def devices(self) -> list[dict[str, Any]]:
        """What the stations of a real bench are made of: station, use ("gpio", "console",
        "supply"), and usb_serial with interface, or else path."""
    def capabilities(self, station: str) -> list[str]:
        """What can be done and seen there."""
    def released(self, board: str) -> list[str]:
        """Images of the board: the baseline, the update, and the one after it."""
    def image(self, name: str) -> bytes:
        """An image by its name, as in rig/bench/image_library.hpp."""
    def run_trial(self, spec_json: str, keep_trace: bool = False) -> tuple[str, str]:
        """The record as JSON, and the trace as JSON lines: "" unless asked for."""
    def sweep(
        self,
        spec_json: str,
        plan: dict[str, Any],
        workers: int,
        journal: Journal | None,
        case_id: str,
        purpose: str,
        progress: Callable[[int, int], bool] | None,
        recall: bool = False,
    ) -> dict[str, Any]:
        """Trials of `spec_json` with one more cut, at the moments that `plan` chooses.

        `plan`: what rig/trial/sweep_plan.hpp has, by the same names; of operations
        phases, kinds ("erase", "program") and regions, [] for all. Trials go to the
        journal in batches as they finish; `progress` is called with (done, total) and
        ends the sweep in good order by False. With `recall`, what the journal has of this
        case is not run again. Returns operations all_operations points fractions trials
        recalled checked unproven complete phases (all operations of the uncut run, by
        phase) counts (by verdict) consulted (by any of them) boundaries (before, after, adjacent) bad (records that
        did not recover, at most 50) reference (the record of the uncut run).
        """
    def close_session(self, session: Session) -> None:
        """Leaves the session's station safe, and free."""
    def session(
        self, station: str, seed: int, defects: list[str], fresh: bool = False
    ) -> Session:
        """A world of its own, powered off: at the baseline, or as it left the factory."""

class Session:
    """One station in one world: every call runs it."""

    @property
    def station(self) -> str: ...
    @property
    def now(self) -> float:
        """The world's time."""
    def power_on(self) -> float | None:
        """Waits for the banner: the seconds it took, None if the lock never started."""
    def power_off(self, style: str = "hard") -> dict[str, Any]:
        """{"commanded": s, "rail_fell": s or None}. `style` is "hard" or "pull"."""
    def power_cycle(self, off: float, style: str = "hard") -> dict[str, Any]:
        """Off, `off` seconds of nothing, on."""
    def interrupt(self, off: float, style: str = "hard") -> dict[str, Any]:
        """Off and on by the chip's clock, 1 ms to 1 s: commanded, asked, and achieved (s
        that the rail was down, or None)."""
    def dip(self, seconds: float) -> dict[str, Any]:
        """The lower rail, 1 ms to 1 s by the chip's clock: commanded, asked, rail_fell (s
        or None)."""
    def console_command(self, text: str, within: float) -> dict[str, Any]:
        """Types a command: what it printed up to the prompt as `answer`, or `failure`."""
    def console_ask(self, name: str) -> dict[str, Any]:
        """A command of the profile: the groups of its answer as `answer`, or `failure`."""
    def console_type(self, text: str) -> None:
        """Types it, without a line's end."""
    def console_expect(self, pattern: str, within: float) -> dict[str, str] | None:
        """Waits for a match in what comes: its named groups; None if it never came."""
    def flash_ops(self) -> int:
        """Flash operations, or writes of a disk, so far in this session."""
    def watch_flash_ops(self) -> None:
        """Notes each operation from now on, and forgets those of before."""
    def seen_flash_ops(self) -> list[dict[str, Any]]:
        """What was noted: index, kind, region, phase; offset and length (bytes), None
        where the probe does not know them."""
    def cut_at_flash_op(self, index: int, fraction: float) -> None:
        """Arms a cut inside operation `index`, counted from 0 in this session."""
    def disarm_cut(self) -> None:
        """Forgets a cut that has not come."""
    def wait_for_cut(self, within: float) -> float | None:
        """When the armed cut came, in the session's seconds; None if it did not."""
    def supply_voltage(self, mv: int) -> None:
        """Where no supply is fitted, it and what follows is ValueError."""
    def supply_current_limit(self, ma: int) -> None: ...
    def supply_output(self, on: bool) -> None: ...
    def supply_measure(self) -> tuple[int, int]:
        """Millivolts, milliamperes."""
    def supply_tripped(self) -> bool: ...
    def supply_clear_trip(self) -> None: ...
    def supply_ramp(
        self, from_mv: int, to_mv: int, seconds: float, steps: int
    ) -> dict[str, Any]:
        """reached_mv, tripped (which ends it), late (s, of the worst step)."""
    def sleep(self, seconds: float) -> None:
        """Of the world's time."""
    def enter(self, code: str, may_open: bool = False) -> tuple[str, float]:
        """A code and the enter key: "opened" "locked" "refused" "programming" "done"
        "blind" "dead", and the seconds until then."""
    def type(
        self, keys: list[str], hold: float | None = None, gap: float | None = None
    ) -> None:
        """Keys one after the other, without enter; `gap` from a release to the next. The
        station's own times for None."""
    def press(self, key: str, hold: float = 0.08) -> None: ...
    def press_with_bounce(
        self, key: str, bounce: float, edges: int, seed: int
    ) -> None: ...
    def chord(self, keys: list[str], hold: float = 0.08) -> None:
        """Several keys at once; ValueError for more than the wiring can press."""
    def hold(self, key: str) -> None: ...
    def release(self) -> None: ...
    def program(self, programming_code: str, entries: list[str]) -> bool:
        """Into programming mode, then each entry; False if any was refused."""
    def signal(self, within: float) -> tuple[str, int, bool] | None:
        """The next signal: colour, count, whether it beeped; None if there was none."""
    def blinks(self) -> list[tuple[float, str, int]]: ...
    def bolt(self) -> str:
        """ "extended" "retracted" "between" "contradictory"."""
    def wait_bolt(self, position: str, within: float) -> bool: ...
    def motions(self) -> list[tuple[float, str, str]]: ...
    def unasked_opening(self, since: float) -> float | None:
        """When the bolt moved towards open with nobody asking; None if it did not."""
    def state(self) -> dict[str, Any] | None:
        """The lock's own words; None if it gave no answer."""
    def images(self) -> list[dict[str, Any]] | None: ...
    def log(self) -> list[dict[str, Any]] | None: ...
    def push(self, image: str, credential: str = "own") -> dict[str, Any]:
        """By serial: accepted refusal failure acknowledged. `credential`: the service key
        that it shows a lock which demands one, "own", "none" or "wrong"."""
    def recover(self, image: str) -> dict[str, Any]:
        """From power off, by the boot loader's serial recovery, which the key enter asks
        for: as push. `accepted`: it has the image, and judges it when it boots."""
    def offer(self, image: str) -> None:
        """By the portal, from the next check-in on."""
    def withdraw(self) -> None: ...
    def served(self) -> int: ...
    def check_ins(self) -> list[dict[str, Any]]: ...
    def next_check_in(self, within: float) -> dict[str, Any] | None: ...
    def portal_events(self) -> list[dict[str, Any]]: ...
    def ask_unlock(self) -> None:
        """Somebody asks the portal to open the door: told at the next check-in."""
    def portal_answers(self, status: int, body: bytes | str) -> None:
        """From now on the portal gives this one answer to all that is asked."""
    def portal_is_right(self) -> None:
        """From now on it answers as it should."""
    def portal_requests(self) -> list[float]:
        """When it was asked anything."""
    def set_portal(self, reachable: bool) -> None: ...
    def set_network(self, up: bool) -> None: ...
    def unplug(self, wire: str) -> None: ...
    def replug(self, wire: str) -> None: ...
    def block_bolt(self, at: float) -> None:
        """Puts something in the bolt's way: 0 is extended, 1 retracted."""
    def unblock_bolt(self) -> None: ...
    def settle(self, within: float) -> dict[str, Any] | None:
        """Waits until no image is on trial: the state then; None if it did not end."""
    def rail_edges(self) -> list[tuple[float, bool]]: ...
    def gaps(self) -> tuple[int, float]:
        """How often the lines were not sampled as the host was late, and the seconds at
        worst. On real time only."""
    def slot_writes(self) -> int:
        """Flash operations on image slots so far."""
    @property
    def consulted(self) -> list[str]:
        """The defects whose branch points the lock was asked about, while its baseline
        was made too: another makes no difference to this session."""
    def trace_hash(self) -> str: ...
    def trace_lines(self) -> str: ...
