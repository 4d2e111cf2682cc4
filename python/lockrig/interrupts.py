"""How a command is told to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import signal
from types import FrameType


HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminated(KeyboardInterrupt):
    """Told by another process, which need not have told this one's children."""


def heed() -> None:
    """From now on SIGTERM and SIGHUP raise as Ctrl-C does, so that every station is left
    safe on the way out. Once one of the three has come, more of SIGTERM and SIGHUP change
    nothing: whoever ends a group of processes may tell each of them twice."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Terminated

    for each in HEEDED:
        # Who started us with one of them ignored (nohup) wants it ignored.
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, on_signal)
