"""BOOT: new images that do not start are taken back."""

from __future__ import annotations

import pytest
from helpers import (
    check_in_now,
    log,
    opens_and_shuts,
    other_model,
    runs,
    state,
    texts,
    version,
)
from lockrig import Lock, LockFault

BOOTS = 3  # proposed (catalogue, BOOT-01)


def is_taken_back(lock: Lock, behaviour: str) -> list[str]:
    """The image is tried, given up, and that is told; what the log says of it."""
    image = lock.image(f"{version(lock.new)}+{behaviour}")
    trial = lock.push(image).expect()
    assert trial.observed.get("accepted") == "yes", f"never tried: {trial.note}"
    runs(trial, lock.old)
    assert trial.answer("checks_in")["detail"] == f"version {version(lock.old)}"

    session = lock.session()
    boots = state(session)["boots"]
    known = len(log(session))
    pushed = session.push(image)
    if not pushed["accepted"]:
        raise LockFault(f"{image} was taken in the trial and refused now: {pushed}")
    began = session.now
    found = None
    while found is None or found["trial"] or found["boots"] == boots:
        if session.now - began > lock.facts["limits"]["confirm_max"]:
            raise LockFault(f"it did not come back: {found}")
        session.sleep(1.0)
        found = session.state()
    lock.measure(
        "time to the old version",
        session.now - began,
        "s",
        high=lock.facts["limits"]["confirm_max"],
    )
    lock.measure("boots counted", found["boots"] - boots, "boots", low=1, high=BOOTS)
    assert found["version"] == version(lock.old)
    said = texts(log(session)[known:])
    assert any("reverted" in text for text in said), f"not in its log: {said}"
    check_in_now(session, lock)
    session.sleep(lock.facts["limits"]["signal_max"])
    told = texts(session.portal_events())
    assert any("reverted" in text for text in told), "the portal was not told"
    return said


@pytest.mark.case("BOOT-01", needs=("console", "radio", "smp"))
def test_a_boot_loop_is_ended_by_a_roll_back(lock: Lock) -> None:
    """A rightly signed image that crashes in start-up.

    The version before runs again within 3 boots (proposed) of the lock's own count, and
    log and portal hear of it.
    """
    is_taken_back(lock, "crash-at-start")


@pytest.mark.case("BOOT-05", needs=("console", "smp"))
def test_without_an_image_only_the_right_one_is_taken(lock: Lock) -> None:
    """Serial recovery is given images that no update would take: the other model's, one
    without a signature, half of one.

    Each time nothing runs, the fault is signalled in red, and the loader still answers.
    Then the right image: it runs, and code, log and set-up are what they were. (The rig
    spoils the slots by recovery itself: it erases one, and a new lock has no other.)
    """
    session = lock.session()
    before, known = state(session), log(session)
    for wrong in (
        f"{other_model(lock)}/2.4.0",
        f"{lock.new}?unsigned_image",
        f"{lock.new}?truncate=30000",
    ):
        session.power_off()
        session.sleep(1.0)
        began = session.now
        given = session.recover(wrong)
        if not given["accepted"]:
            raise LockFault(f"no serial recovery: {given}")
        session.sleep(lock.facts["limits"]["boot_max"])
        assert session.state() is None, f"{wrong} runs"
        assert session.images() is not None, f"after {wrong} nobody answers"
        red = [
            each for each in session.blinks() if each[0] > began and each[1] == "red"
        ]
        assert red, f"after {wrong} no fault was signalled"
    session.power_off()
    session.sleep(1.0)
    given = session.recover(lock.new)
    assert given["accepted"], given
    session.sleep(lock.facts["limits"]["boot_max"])
    after = state(session)
    assert after["version"] == version(lock.new) and not after["trial"], after
    assert after["codes"] == before["codes"] and after["set_up"], after
    assert log(session)[: len(known)] == known, "the log of before is gone"
    opens_and_shuts(session, lock)


@pytest.mark.case("BOOT-06", needs=("console", "radio", "smp"))
def test_a_roll_back_brings_all_of_the_old_version_back(lock: Lock) -> None:
    """Images of the old one's length, a third of it and less, that do not start.

    The old version is whole again and so are its codes, settings and log: the whole
    oracle asks, and no default code opens. (The rig's images migrate no settings.)
    """
    for kib in (64, 24, 4):
        image = f"{lock.image(f'{version(lock.new)}+crash-at-start')}?kib={kib}"
        trial = lock.push(image).expect()
        assert trial.observed.get("accepted") == "yes", f"never tried: {trial.note}"
        runs(trial, lock.old)
        for question in ("unlocks", "refuses_defaults", "keeps_codes", "keeps_log"):
            trial.answer(question)


@pytest.mark.case("BOOT-02", needs=("console", "radio", "smp"))
def test_a_hang_is_ended_by_the_watchdog(lock: Lock) -> None:
    """A rightly signed image that loops for ever: watchdog, then as BOOT-01."""
    said = is_taken_back(lock, "hang-at-start")
    assert any("watchdog" in text for text in said), f"no watchdog reset: {said}"
