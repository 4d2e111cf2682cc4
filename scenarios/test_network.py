"""NET, OUT: the way back to the portal, and life without it."""

from __future__ import annotations

import pytest
from helpers import check_in_now, log, opens_and_shuts, runs, texts, version
from lockrig import Lock, LockFault

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
