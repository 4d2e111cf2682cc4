"""STO: what a lock stores, where the store is full."""

from __future__ import annotations

import pytest
from helpers import entered, opens_and_shuts, state
from lockrig import Lock, LockFault, Session

# A code leaves one record before it is compared and one after, a boot one, and a bank of
# settings has 128 (rig/twin/settings.hpp): each round writes two.
ROUNDS = 70
# From the last key's press on. A debounce of 25 ms, then two erases of 45 ms each while
# a store moves on (fixtures/boards): in the second.
INTO_THE_MOVE = 0.090


@pytest.mark.case("STO-05", needs=("console",))
def test_a_store_that_is_full_loses_nothing(lock: Lock) -> None:
    """Writes beyond what a bank of settings holds, each cut short by pulled batteries.

    Every start finds code and set-up as they were. Then local codes until there is no
    room for another: the last is refused, and the others are kept.
    """
    session = lock.session()
    codes = state(session)["codes"]
    for parity in range(2):
        for _ in range(ROUNDS):
            session.type(list(lock.facts["user_code"]))
            session.hold("enter")
            session.sleep(INTO_THE_MOVE)
            session.power_off("hard")
            session.sleep(0.5)
            if session.power_on() is None:
                raise LockFault("it does not start any more")
            found = state(session)
            assert found["codes"] == codes and found["set_up"], found
        # Three records: now the other write of a round meets the full bank.
        mute(session, lock, parity == 0)
    opens_and_shuts(session, lock)
    fills_up(session, lock)


def mute(session: Session, lock: Lock, on: bool) -> None:
    facts = lock.facts
    function = facts["functions"]["mute" if on else "unmute"]
    if not session.program(facts["programming_code"], [function]):
        raise LockFault("the programming code did not work")
    session.sleep(facts["entry_timeout"] + 1.0)


def fills_up(session: Session, lock: Lock) -> None:
    """Adds codes until one is refused; that one opens nothing, the first ten do."""
    facts = lock.facts
    added = 0
    while added < 50:
        code = f"58{added:02d}71"
        taken = session.program(
            facts["programming_code"], [facts["functions"]["add"], code]
        )
        session.sleep(facts["entry_timeout"] + 1.0)
        if not taken:
            break
        added += 1
    assert 0 < added < 50, f"{added} codes were added, and none was refused"
    assert state(session)["codes"] == added + 1
    assert entered(session, f"58{added:02d}71") == "refused"
    for number in (0, added - 1):
        opens_and_shuts(session, lock, f"58{number:02d}71")
    opens_and_shuts(session, lock)
