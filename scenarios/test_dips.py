"""PWR: power that dips, and battery contacts that chatter."""

from __future__ import annotations

import pytest
from helpers import log, opens_and_shuts, state
from lockrig import Lock, LockFault, Session

# Seconds (catalogue, PWR-10: 1 to 500 ms).
DIPS = (0.001, 0.01, 0.05, 0.2, 0.5)
CYCLES = 1000  # catalogue, PWR-11
BURST = 8  # contacts opening and closing, 20 ms each (catalogue, PWR-11)


def answers(session: Session, lock: Lock, after: str) -> None:
    """Within the limit of a start: it rode through, or was reset cleanly."""
    until = session.now + lock.facts["limits"]["boot_max"]
    while session.state() is None:
        assert session.now < until, f"after {after} nothing answers"


@pytest.mark.case("PWR-10", needs=("console", "dip"))
def test_a_dip_is_ridden_through_or_ends_in_a_clean_start(lock: Lock) -> None:
    """The lower rail for 1 to 500 ms: at rest, as a code is written, as the bolt opens.

    The lock answers again by itself, nothing is lost, and the bolt has not moved towards
    open but where it was asked.
    """
    facts = lock.facts
    session = lock.session()
    known, codes = log(session), state(session)["codes"]
    for seconds in DIPS:
        for moment in ("rest", "write", "motor"):
            if moment != "rest":
                session.type(list(facts["user_code"]))
                session.press("enter")
            if moment == "motor":
                session.sleep(0.1)  # of a stroke of some 400 ms
            session.dip(seconds)
            answers(session, lock, f"{seconds} s at {moment}")
            session.sleep(facts["limits"]["relock_max"])
            assert session.bolt() == "extended", f"{seconds} s at {moment}"
            found = state(session)
            assert found["codes"] == codes and found["set_up"], found
    openings = [each for each in session.motions() if each[1] == "extended"]
    asked = 2 * len(DIPS)
    assert len(openings) <= asked, f"asked to open {asked} times: {openings}"
    assert log(session)[: len(known)] == known, "events were lost or changed"
    opens_and_shuts(session, lock)


@pytest.mark.case("PWR-11", needs=("console",))
def test_a_thousand_power_cycles_lose_nothing(lock: Lock) -> None:
    """Chattering contacts at each hundredth insertion, cuts at random moments at rest.

    It starts every time, each start is counted, and codes and set-up are kept.
    """
    session = lock.session()
    codes, boots = state(session)["codes"], state(session)["boots"]
    draw = lock.random("moments")
    for cycle in range(CYCLES):
        session.power_off("pull" if cycle % 2 else "hard")
        session.sleep(0.2)
        if session.power_on() is None:
            raise LockFault(f"did not start in cycle {cycle}")
        if cycle % 100 == 0:
            for _ in range(BURST):
                session.interrupt(0.020)
            answers(session, lock, "chattering contacts")
        session.sleep(draw.uniform(0.0, 0.5))
        found = state(session)
        assert found["boots"] > boots, f"{found['boots']} boots after {boots}"
        boots = found["boots"]
        assert found["codes"] == codes and found["set_up"], found
    opens_and_shuts(session, lock)
