"""BOLT: it moves when asked, and only then."""

from __future__ import annotations

import pytest
from helpers import (
    check_in_now,
    entered,
    log,
    opens_and_shuts,
    runs,
    state,
    texts,
    version,
)
from lockrig import Inconclusive, Lock, LockFault, Session, cut_after

# Milliseconds from the moment the bolt leaves its end: the stroke takes 300 or 400 ms
# (fixtures/boards, assumed), and a cut just after it is asked for too.
DELAYS = tuple(range(0, 440, 20))


@pytest.mark.case("BOLT-01")
@pytest.mark.parametrize("style", ("hard", "pull"))
@pytest.mark.parametrize(
    ("stroke", "event"), (("unlock", "bolt_opens"), ("lock", "bolt_locks"))
)
def test_a_cut_in_mid_travel_never_opens(
    lock: Lock, stroke: str, event: str, style: str
) -> None:
    """Power fails every 20 ms of an unlock and of a lock stroke.

    The lock starts again and finishes or senses the stroke; it locks, opens with its
    code, and never moves towards open unasked. An unlock stroke was asked for: it may
    end open.
    """
    for delay in DELAYS:
        cut = cut_after(event, delay=delay / 1000, style=style)
        trial = lock.trial(stroke, cuts=[cut]).expect()
        trial.answer("bolt_still")


@pytest.mark.case("BOLT-01")
@pytest.mark.parametrize("stroke", ("unlock", "lock"))
def test_a_stroke_that_was_cut_ends_locked(lock: Lock, stroke: str) -> None:
    """The same cuts, and nobody touches the keypad after them.

    Within the relock limit of its start the bolt is out, and nothing moved it towards
    open after the cut. At least one cut must have left it between its ends.
    """
    facts = lock.facts
    stopped = 0
    for delay in DELAYS:
        session = lock.session()
        session.type([*facts["user_code"]])
        if stroke == "lock":
            session.press("enter")
            if not session.wait_bolt("retracted", facts["limits"]["unlock_max"]):
                raise LockFault("a right code did not open")
            session.press("lock")  # a tap: the stroke begins before it ends
        else:
            session.press("enter")
        session.sleep(delay / 1000)
        off = session.power_off("hard")
        if off["rail_fell"] is None:
            raise Inconclusive("the rail was not seen to fall")
        stopped += session.bolt() == "between"
        cut_at = session.now
        session.sleep(2.0)
        if session.power_on() is None:
            raise LockFault(f"did not start after a cut {delay} ms into the stroke")
        shut = session.wait_bolt("extended", facts["limits"]["relock_max"])
        assert shut, f"{session.bolt()} after a cut {delay} ms into the stroke"
        moved = [m for m in session.motions() if m[0] > cut_at and m[2] == "retracted"]
        assert not moved, f"moved to open after the cut: {moved}"
    if not stopped:
        raise Inconclusive("no cut stopped the bolt between its ends")


def motions_of(session: Session, lock: Lock, image: str, *, opened: bool) -> None:
    """Watches the bolt through an update. Open: it may lock once, when that is due."""
    facts = lock.facts
    if opened:
        result, _ = session.enter(facts["user_code"], may_open=True)
        if result != "opened":
            raise Inconclusive(f"the bolt could not be watched open: {result}")
    began = session.now
    pushed = session.push(image)
    if not pushed["accepted"]:
        raise LockFault(f"{image} was not taken: {pushed}")
    session.settle(facts["limits"]["confirm_max"])
    session.sleep(facts["limits"]["relock_max"])
    moved = [motion for motion in session.motions() if motion[0] > began]
    allowed = [("retracted", "between"), ("between", "extended")] if opened else []
    assert [motion[1:] for motion in moved] == allowed, f"the bolt moved: {moved}"
    assert session.bolt() == "extended"


@pytest.mark.case("BOLT-02", needs=("console", "smp"))
@pytest.mark.parametrize("opened", (False, True), ids=("locked", "open"))
def test_an_update_never_moves_the_bolt(lock: Lock, opened: bool) -> None:
    """The bolt's own sensors through install, swap, first boot and roll-back.

    From a locked bolt: no motion at all. From an open one: only the lock's own, due,
    auto-lock.
    """
    session = lock.session()
    crash = lock.image(f"{version(lock.new)}+crash-at-start")
    motions_of(session, lock, crash, opened=opened)
    if state(session)["version"] != version(lock.old):
        raise LockFault("the roll-back to be watched did not come")
    motions_of(session, lock, lock.new, opened=opened)
    if state(session)["version"] != version(lock.new):
        raise LockFault("the update to be watched did not come")
    check_in_now(session, lock)  # the watch ends with a lock that is well
    assert session.unasked_opening(0.0) is None


@pytest.mark.case("BOLT-03", needs=("console", "smp"))
@pytest.mark.parametrize("after", ("update", "roll-back", "recovery"))
def test_it_locks_and_unlocks_after_an_update(lock: Lock, after: str) -> None:
    """Both directions, by code and by auto-lock, after update, roll-back and recovery.

    Recovery: power fails 8 s into the update, in the installation.
    """
    image, cuts, wanted = lock.new, [], lock.new
    if after == "roll-back":
        image = lock.image(f"{version(lock.new)}+crash-at-start")
        wanted = lock.old
    elif after == "recovery":
        cuts = [cut_after("stimulus", delay=8.0)]
    trial = lock.push(image, cuts=cuts).expect()
    if after != "recovery":  # which of the two runs then, PWR-04 leaves open
        runs(trial, wanted)
    for question in ("unlocks", "locks", "relocks"):
        answer = trial.answer(question)
        lock.measure(question, answer["measured"], "s", low=0.0, high=answer["limit"])


@pytest.mark.case("BOLT-05")
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_a_cut_does_not_stop_the_auto_lock(lock: Lock, style: str) -> None:
    """Power fails 0.1 to 4 s after a code opened, within the 5 s to the auto-lock.

    It comes back and the door is shut within the relock limit, by itself, and nothing
    moves towards open. The rig's locks know no passage mode.
    """
    facts = lock.facts
    for delay in (0.1, 1.0, 2.5, 4.0):
        session = lock.session()
        session.type([*facts["user_code"], "enter"])
        if not session.wait_bolt("retracted", facts["limits"]["unlock_max"]):
            raise LockFault("a right code did not open")
        session.sleep(delay)
        session.power_off(style)
        cut_at = session.now
        session.sleep(2.0)
        if session.bolt() != "retracted":
            raise Inconclusive(f"no cut {delay} s after it opened: {session.bolt()}")
        if session.power_on() is None:
            raise LockFault(f"did not start after a cut {delay} s into the pause")
        shut = session.wait_bolt("extended", facts["limits"]["relock_max"])
        assert shut, f"{session.bolt()} after a cut {delay} s into the pause"
        moved = [m for m in session.motions() if m[0] > cut_at and m[2] == "retracted"]
        assert not moved, f"moved to open after the cut: {moved}"


# How often a blocked stroke may be tried again by itself, and by when it has settled for
# that. Proposed.
TRIES = 5
SETTLED = 180.0  # s


@pytest.mark.case("BOLT-04", needs=("console", "operator"))
def test_a_blocked_bolt_is_told_and_left_alone(lock: Lock) -> None:
    """Something stands in the bolt's way at 0, 50 and 95 % of its travel.

    Unlocking: the motor stops, the error signal comes, the log says so and not that it
    was unlocked. Locking by itself: the same, a few tries at most, and none of them
    opens. With the way free again it locks and opens.
    """
    facts = lock.facts
    for place in (0.0, 0.5, 0.95):
        session = lock.session()
        known = len(log(session))
        session.block_bolt(place)
        began = session.now
        session.type([*facts["user_code"], "enter"])
        # Each stroke has a limit of its own; the signal follows.
        session.sleep(facts["limits"]["unlock_max"] + facts["limits"]["signal_max"])
        errors = [b for b in session.blinks() if b[0] > began and b[1] == "red"]
        assert errors, f"blocked at {place}: no error signal"
        assert session.bolt() != "retracted"
        said = texts(log(session)[known:])
        assert any("jam" in text for text in said), f"blocked at {place}: {said}"
        assert not any("unlocked" in text for text in said), f"{said}"
        session.unblock_bolt()
        shut = session.wait_bolt("extended", SETTLED)
        assert shut, f"{session.bolt()} long after a block at {place}"
        opens_and_shuts(session, lock)

    for place in (0.5, 0.95):
        session = lock.session()
        assert entered(session, facts["user_code"], may_open=True) == "opened"
        session.block_bolt(place)
        began = session.now
        known = len(log(session))
        session.sleep(SETTLED)
        moved = [m for m in session.motions() if m[0] > began and m[2] == "retracted"]
        assert not moved, f"blocked at {place} it opened: {moved}"
        said = texts(log(session)[known:])
        tries = sum("jam" in text for text in said)
        lock.measure(f"tries, blocked at {place}", tries, "tries", low=1, high=TRIES)
        errors = [b for b in session.blinks() if b[0] > began and b[1] == "red"]
        assert errors, f"blocked at {place}: no error signal"
        session.unblock_bolt()
        session.press("lock")
        shut = session.wait_bolt("extended", facts["limits"]["lock_max"])
        assert shut, f"{session.bolt()} after a block at {place} was taken away"
        opens_and_shuts(session, lock)


def reports(session: Session, lock: Lock) -> None:
    """What it says by serial is what the rig's own sensors see."""
    said, seen = state(session)["locked"], session.bolt()
    assert said == (seen == "extended"), f"it says locked: {said}; the bolt is {seen}"


@pytest.mark.case("BOLT-06", needs=("console", "radio", "operator"))
def test_the_reported_state_is_the_bolts(lock: Lock) -> None:
    """Locked, opened, locked again; stopped half-way by something in its way.

    Service port and portal say of each what the sensors see.
    """
    facts = lock.facts
    session = lock.session()
    reports(session, lock)
    assert check_in_now(session, lock)["locked"], "told the portal that it is open"
    session.type([*facts["user_code"], "enter"])
    if not session.wait_bolt("retracted", facts["limits"]["unlock_max"]):
        raise LockFault("a right code did not open")
    session.sleep(1.0)
    reports(session, lock)
    session.block_bolt(0.5)
    session.sleep(SETTLED)
    if session.bolt() != "between":
        raise Inconclusive(f"the bolt was not stopped half-way: {session.bolt()}")
    reports(session, lock)
    assert not check_in_now(session, lock)["locked"], "told the portal that it is shut"
    session.unblock_bolt()
    session.press("lock")
    if not session.wait_bolt("extended", facts["limits"]["lock_max"]):
        raise LockFault("it did not lock")
    session.sleep(1.0)
    reports(session, lock)
    assert check_in_now(session, lock)["locked"], "told the portal that it is open"
