"""BOLT: it moves when asked, and only then."""

from __future__ import annotations

import pytest
from helpers import check_in_now, runs, state, version
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
