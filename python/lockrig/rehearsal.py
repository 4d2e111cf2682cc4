"""A rehearsal bench: paced twins in a process of their own, behind the real libraries.

`lockrig_rehearsal` (rig/rehearsal) holds the twins and says under which environment the
real libserialport and libftdi1 see them; a command on such a bench runs itself again in
that environment.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lockrig import _core
from lockrig.interrupts import HEEDED, Terminated
from lockrig.root import BUILD

# Set inside: the control socket of the twins.
INSIDE = "LOCKRIG_REHEARSAL"


def programs() -> Path:
    """Where the build put lockrig's programs."""
    return Path(os.environ.get("LOCKRIG_PROGRAMS", BUILD / "rig"))


def enter(bench: Path) -> None:
    """Returns at once unless the bench is a rehearsal's and this process is not yet
    inside of one: then the same command is run inside, and this process ends with its
    exit status. ValueError for a wrong bench file."""
    if INSIDE in os.environ or _core.Bench(str(bench)).kind != "rehearsal":
        return
    raise SystemExit(_run_inside(bench, [sys.executable, *sys.orig_argv[1:]]))


def require_inside(bench: _core.Bench) -> None:
    """ValueError, which says what to do, for a rehearsal's bench outside of one."""
    if bench.kind == "rehearsal" and INSIDE not in os.environ:
        raise ValueError(
            f"{bench.path} is a rehearsal, whose devices are there only inside of"
            " ./lockrig rehearse -- python3 script.py"
        )


def rehearse_command(bench: Path, command: Sequence[str]) -> int:
    """The exit status of any command run inside; a signal's is 128 and its number.
    ValueError for a wrong bench file, and for a command that there is not."""
    if INSIDE in os.environ:
        raise ValueError("this is the inside of a rehearsal already")
    kind = _core.Bench(str(bench)).kind
    if kind != "rehearsal":
        raise ValueError(f"{bench} is a {kind} bench: the command needs no rehearsal")
    program, *arguments = command
    if program == "python3":
        # Another one of that name may stand first on PATH.
        program = sys.executable
    try:
        return _run_inside(bench, [program, *arguments])
    except OSError as error:
        raise ValueError(f"{program}: {error.strerror}") from None


def _run_inside(bench: Path, command: Sequence[str]) -> int:
    with environment(bench) as inside:
        # A signal that comes while the command is started waits until it is there.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        try:
            process = subprocess.Popen(command, env=inside, preexec_fn=_let_signals_in)
        except BaseException:
            _let_signals_in()
            raise
        with process:
            while True:
                try:
                    _let_signals_in()
                    status = process.wait()
                    break
                except Terminated:
                    process.terminate()
                except KeyboardInterrupt:
                    # The terminal's Ctrl-C has reached it as well.
                    continue
    return status if status >= 0 else 128 - status


def _let_signals_in() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)


@contextmanager
def environment(bench: Path) -> Iterator[dict[str, str]]:
    """The environment of a rehearsal's inside, while its twins live. ValueError if they
    do not come up."""
    program = programs() / "lockrig_rehearsal"
    if not program.exists():
        raise ValueError(f"{program} is not built: ./lockrig builds it")
    twins = subprocess.Popen(
        [str(program), "--bench", str(bench)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for those who use the twins
    )
    assert twins.stdin is not None and twins.stdout is not None
    try:
        line = twins.stdout.readline()
        if not line:
            raise ValueError(f"the twins of {bench} did not come up")
        ready = json.loads(line)
        yield {
            **os.environ,
            "UMOCKDEV_DIR": ready["umockdev_dir"],
            "LD_PRELOAD": ":".join(ready["preload"]),
            INSIDE: ready["control"],
        }
    finally:
        twins.stdin.close()
        twins.wait()
