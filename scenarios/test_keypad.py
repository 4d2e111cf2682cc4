"""KEY: worn contacts, slow and fast fingers."""

from __future__ import annotations

import pytest
from helpers import entered, opens_and_shuts, thinned
from lockrig import Inconclusive, Lock, Session

# Milliseconds and edges of a bounce (catalogue, KEY-02: 0.1 to 20 ms).
BOUNCES = tuple(
    (bounce, edges)
    for bounce in (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
    for edges in (3, 9, 25)
)


def presses_seen(session: Session, since: float) -> int:
    """Key presses that the lock answered: each by one short green."""
    return sum(
        count
        for at, colour, count in session.blinks()
        if at >= since and colour == "green"
    )


@pytest.mark.case("KEY-02")
def test_a_bouncing_contact_is_one_key(lock: Lock) -> None:
    """Each digit pressed by a contact that bounces 0.1 to 20 ms, down and up.

    The lock answers exactly one press; seeds are the number of the press.
    """
    facts = lock.facts
    session = lock.session()
    seed = 0
    for bounce, edges in thinned(BOUNCES, lock, 4):
        for digit in "0123456789":
            seed += 1
            began = session.now
            session.press_with_bounce(digit, bounce / 1000, edges, seed)
            session.sleep(0.5)  # a signal is over after 0.25 s of dark
            seen = presses_seen(session, began)
            assert seen == 1, f"{seen} presses of {digit}: {bounce} ms, seed {seed}"
        session.sleep(facts["entry_timeout"] + 1.0)  # these digits are forgotten
    opens_and_shuts(session, lock)


@pytest.mark.case("KEY-02")
def test_a_code_with_bouncing_contacts_opens(lock: Lock) -> None:
    """The right code, every key of it bouncing: it opens, so no digit came twice."""
    facts = lock.facts
    session = lock.session()
    for number, (bounce, edges) in enumerate(thinned(BOUNCES, lock, 4)):
        for place, key in enumerate([*facts["user_code"], "enter"]):
            session.press_with_bounce(key, bounce / 1000, edges, 100 * number + place)
        opened = session.wait_bolt("retracted", facts["limits"]["unlock_max"])
        assert opened, f"did not open: {bounce} ms, {edges} edges"
        shut = session.wait_bolt("extended", facts["limits"]["relock_max"])
        assert shut, "did not lock again"
        session.sleep(1.0)


def types_slowly(session: Session, keys: list[str], hold: float, gap: float) -> None:
    if gap < 1.0:
        session.type(keys, hold, gap)
        return
    for place, key in enumerate(keys):
        if place:
            session.sleep(gap)
        session.press(key, hold)


@pytest.mark.case("KEY-04")
@pytest.mark.parametrize(
    ("hold", "gap"), ((0.05, 0.05), (0.08, 1.0), (0.08, 9.0), (2.0, 0.5))
)
def test_slow_and_fast_fingers_open(lock: Lock, hold: float, gap: float) -> None:
    """Keys held 50 ms and 50 ms apart, up to 9 s between digits.

    The entry is forgotten after 10 s (fixtures/boards): 9 s must still do.
    """
    facts = lock.facts
    assert gap < facts["entry_timeout"]
    session = lock.session()
    types_slowly(session, [*facts["user_code"], "enter"], hold, gap)
    assert session.wait_bolt("retracted", facts["limits"]["unlock_max"])
    assert session.wait_bolt("extended", facts["limits"]["relock_max"])


@pytest.mark.case("KEY-04")
def test_an_abandoned_entry_is_forgotten(lock: Lock) -> None:
    """Some digits, then nobody for longer than the time-out.

    What is left of the code does not open, and a whole code after it does: neither the
    digits nor their number were kept.
    """
    facts = lock.facts
    code = facts["user_code"]
    session = lock.session()
    for kept in range(1, len(code)):
        session.type([*code[:kept]])
        session.sleep(facts["entry_timeout"] + 1.0)
        opens_and_shuts(session, lock)
        session.type([*code[:kept]])
        session.sleep(facts["entry_timeout"] + 1.0)
        result = entered(session, code[kept:])
        if result == "dead":
            raise Inconclusive("no key press was answered")
        assert result == "refused", f"{kept} digits were kept: {result}"
    assert session.unasked_opening(0.0) is None
