"""NET, OUT: the way back to the portal, and life without it."""

from __future__ import annotations

import pytest
from helpers import check_in_now, log, opens_and_shuts, runs, state, texts, version
from lockrig import Inconclusive, Lock, LockFault, Session

HOURS = 10  # as in July 2016 (catalogue, OUT-01)


def outage_hour(lock: Lock) -> float:
    """Seconds. A lock that calls more often than hourly has shorter hours."""
    return min(3600.0, float(lock.facts["heartbeat"]))


@pytest.mark.case("NET-08", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_an_updated_lock_reconnects(lock: Lock, via: str) -> None:
    """After a good update, and a power cycle, the lock reports its new version.

    Within its check-in limit, which is less than the two heartbeats of the catalogue; it
    joins with the network credentials that it had.
    """
    trial = lock.push(lock.new, via=via).expect()
    runs(trial, lock.new)
    heard = trial.answer("checks_in")
    assert heard["detail"] == f"version {version(lock.new)}", heard
    lock.measure(
        "power on to check-in", heard["measured"], "s", low=0.0, high=heard["limit"]
    )


@pytest.mark.case("NET-08", needs=("console", "radio", "smp"))
def test_an_updated_lock_goes_on_reporting(lock: Lock) -> None:
    """Two more heartbeats after the update come, each within its limit."""
    limits = lock.facts["limits"]
    # Whether the oracle may ask for check-ins at all decides whether this can be judged.
    lock.push(lock.new).expect().answer("checks_in")
    session = lock.session()
    if not session.push(lock.new)["accepted"]:
        raise LockFault(f"{lock.new} was not taken")
    settled = session.settle(limits["confirm_max"])
    if settled is None or settled["version"] != version(lock.new):
        raise LockFault(f"the update did not come to run: {settled}")
    for number in (1, 2):
        began = session.now
        heartbeat = session.next_check_in(limits["check_in_max"])
        assert heartbeat is not None, f"heartbeat {number} never came"
        assert heartbeat["version"] == version(lock.new)
        lock.measure(
            f"heartbeat {number}",
            heartbeat["at"] - began,
            "s",
            low=0.0,
            high=limits["check_in_max"],
        )


@pytest.mark.case("NET-09", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_an_image_that_cannot_reach_the_portal_is_taken_back(
    lock: Lock, via: str
) -> None:
    """A valid image whose network stack is broken: not confirmed, taken back.

    The version before it runs again and checks in.
    """
    image = lock.image(f"{version(lock.new)}+no-network")
    trial = lock.push(image, via=via).expect()
    assert trial.observed.get("accepted") == "yes", f"never tried: {trial.note}"
    runs(trial, lock.old)
    assert trial.answer("checks_in")["detail"] == f"version {version(lock.old)}"


@pytest.mark.case("OUT-01", needs=("radio",), nightly=True)
def test_a_lock_reconnects_after_ten_hours_without_portal(lock: Lock) -> None:
    """The portal is away for 10 h (10 heartbeats); the whole oracle follows."""
    trial = lock.trial(portal_down=HOURS * outage_hour(lock)).expect()
    trial.answer("checks_in")


@pytest.mark.case("OUT-01", needs=("console", "radio"), nightly=True)
def test_codes_work_and_events_are_kept_through_ten_hours(lock: Lock) -> None:
    """The portal is away for 10 h; every hour a code opens and locks.

    Its return is noticed without help, within the check-in limit, and the log of the
    outage goes up whole and in order. The rig's locks know no schedules.
    """
    limits = lock.facts["limits"]
    session = lock.session()
    check_in_now(session, lock)
    heard = len(session.check_ins())
    session.set_portal(False)
    for _ in range(HOURS):
        session.sleep(outage_hour(lock))
        opens_and_shuts(session, lock)
    assert len(session.check_ins()) == heard, "somebody answered in the outage"
    session.set_portal(True)
    began = session.now
    back = session.next_check_in(limits["check_in_max"])
    assert back is not None, "the lock did not come back to its portal"
    lock.measure(
        "portal back to check-in",
        back["at"] - began,
        "s",
        low=0.0,
        high=limits["check_in_max"],
    )
    session.sleep(limits["signal_max"])  # the log goes up behind the check-in
    kept = texts(log(session))
    assert sum("by code" in text for text in kept) >= 2 * HOURS, kept
    assert texts(session.portal_events()) == kept, "not what the lock's log says"


# What a portal that is overloaded is asked, at most, in two hours: a lock that begins
# with half a minute and doubles its pauses asks nine times. Proposed.
ASKED = 20
# By how much the pauses of two boots differ, at least: else all locks of a town that has
# its power back ask at the same moments. Proposed.
SPREAD = 0.5  # s


def refused_calls(session: Session, lock: Lock, status: int) -> list[float]:
    """Power on to a portal that turns everybody away: the pauses between the calls of
    two hours."""
    session.power_off("hard")
    session.sleep(2.0)
    session.portal_answers(status, b"")
    before = len(session.portal_requests())
    if session.power_on() is None:
        raise LockFault("it did not start")
    session.sleep(2 * outage_hour(lock))
    asked = session.portal_requests()[before:]
    if len(asked) < 2:
        raise LockFault(f"{len(asked)} calls in all that time: it has given up")
    return [later - earlier for earlier, later in zip(asked, asked[1:])]


@pytest.mark.case("NET-07", needs=("console", "radio"))
@pytest.mark.parametrize("status", (429, 503))
def test_a_portal_that_turns_it_away_is_spared(lock: Lock, status: int) -> None:
    """The portal answers 429 or 503 for two hours (heartbeats), over two boots.

    The lock's calls become rarer and stay few (proposed); their pauses are another
    boot's only by chance; when the portal serves again the lock is back within its
    check-in limit.
    """
    limits = lock.facts["limits"]
    session = lock.session()
    first, second = (refused_calls(session, lock, status) for _ in range(2))
    for pauses in (first, second):
        lock.measure("calls", len(pauses) + 1, "calls", high=ASKED)
        shrinks = [b for a, b in zip(pauses, pauses[1:]) if b < 0.9 * a]
        assert not shrinks, f"calls that come closer: {pauses}"
    lock.measure("spread", abs(first[0] - second[0]), "s", low=SPREAD)
    opens_and_shuts(session, lock)
    session.portal_is_right()
    back = session.next_check_in(limits["check_in_max"])
    assert back is not None, "it did not come back to its portal"


def garbage(lock: Lock) -> dict[str, bytes]:
    """What a portal may answer that has gone wrong. The noise is the run's seed's."""
    noise = lock.random("noise")
    size = 100_000 if lock.real_time else 10_000_000
    return {
        "noise": bytes(noise.randrange(256) for _ in range(1000)),
        "nothing": b"",
        "a page": b"<html><body><h1>It works!</h1></body></html>",
        "a list": b"[1, 2, 3]",
        "null": b"null",
        "half an object": b'{"events_after": 12, "offer": {"pa',
        "wrong types": b'{"events_after": "x", "offer": 7, "unlock": [true]}',
        "wrong numbers": b'{"events_after": -1, "offer": {"path": 1, "size": -5},'
        b' "unlock": {"age_s": -1}}',
        "deep nesting": b"[" * 50_000 + b"]" * 50_000,
        "10 MB": b"{" + b" " * size + b"}",
    }


@pytest.mark.case("OUT-02", needs=("console", "radio"))
def test_garbage_from_the_portal_changes_nothing(lock: Lock) -> None:
    """Noise, wrong types, a page, deep nesting and 10 MB as the portal's answers.

    No restart, no code changed, nothing moved; the lock goes on calling, and is well
    again once the portal is.
    """
    facts = lock.facts
    limits = facts["limits"]
    session = lock.session()
    before = state(session)
    for what, body in garbage(lock).items():
        session.portal_answers(200, body)
        asked = len(session.portal_requests())
        contact = facts["functions"]["contact"]
        done = session.program(facts["programming_code"], [contact])
        session.sleep(facts["entry_timeout"] + limits["signal_max"])
        after = state(session)
        for fact in ("boots", "codes", "set_up", "version"):
            assert after[fact] == before[fact], f"{what}: {fact} is {after[fact]}"
        if not done:
            raise LockFault(f"the programming code did not work before {what}")
        if len(session.portal_requests()) == asked:
            raise LockFault(f"it was asked to call before {what} and did not")
    assert not session.motions(), f"the bolt moved: {session.motions()}"
    opens_and_shuts(session, lock)
    session.portal_is_right()
    check_in_now(session, lock)


@pytest.mark.case("OUT-06", needs=("console", "radio"))
def test_a_stale_unlock_is_not_carried_out(lock: Lock) -> None:
    """The portal is asked to open the door; the lock is out of reach for 10 h.

    When it is back, nothing moves, and the log says why. A wish that is told at once is
    carried out before: the lock knows how to.
    """
    limits = lock.facts["limits"]
    session = lock.session()
    check_in_now(session, lock)
    session.ask_unlock()
    check_in_now(session, lock)
    if not any(motion[2] == "retracted" for motion in session.motions()):
        raise Inconclusive("it carries out no wish of the portal, a fresh one either")
    if not session.wait_bolt("extended", limits["relock_max"]):
        raise LockFault("it did not lock again")

    session.set_portal(False)
    session.ask_unlock()
    session.sleep(HOURS * outage_hour(lock))
    known, motions = len(log(session)), len(session.motions())
    session.set_portal(True)
    if session.next_check_in(limits["check_in_max"]) is None:
        raise LockFault("the lock did not come back to its portal")
    session.sleep(limits["unlock_max"] + limits["relock_max"])
    moved = session.motions()[motions:]
    assert not moved, f"a wish of {HOURS} h ago moved the bolt: {moved}"
    said = texts(log(session)[known:])
    assert any("too old" in text for text in said), f"not in its log: {said}"
    opens_and_shuts(session, lock)
