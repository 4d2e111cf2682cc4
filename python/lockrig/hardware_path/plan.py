"""How much is measured: all of it, or a minute of it."""

from collections.abc import Sequence
from dataclasses import dataclass


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
