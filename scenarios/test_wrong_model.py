"""ID: images made for another model, another revision, or with another body."""

from __future__ import annotations

import pytest
from helpers import (
    check_in_now,
    log,
    other_model,
    refused,
    runs,
    state,
    texts,
    version,
)
from lockrig import Inconclusive, Lock, LockFault

PATHS = ("serial", "portal")


def is_told(lock: Lock, image: str, *, via: str, reason: str) -> None:
    """The refusal stands in the lock's log, the portal is told, heartbeats go on."""
    limits = lock.facts["limits"]
    session = lock.session()
    if session.next_check_in(limits["check_in_max"]) is None:
        raise LockFault("a good lock never checked in")
    watched = "flash_ops" in lock.capabilities
    writes = session.slot_writes() if watched else 0
    if via == "portal":
        session.offer(image)
        check_in_now(session, lock)
        session.withdraw()
        if session.served() == 0:
            raise Inconclusive("the lock fetched nothing of what it was offered")
    else:
        push = session.push(image)
        assert push["refusal"] == reason, push
        check_in_now(session, lock)
    told = session.check_ins()[-1]["refusal"]
    what = f"{reason} {version(image)}"
    assert told == what, f"the portal was told {told!r}, not {what!r}"
    if watched:
        assert session.slot_writes() == writes, "the image slots were written"

    heartbeat = session.next_check_in(limits["check_in_max"])
    assert heartbeat is not None, "no heartbeat followed the refusal"
    assert heartbeat["version"] == version(lock.old)
    session.sleep(limits["signal_max"])  # the log goes up behind the heartbeat
    for where in (log(session), session.portal_events()):
        assert any(reason in text for text in texts(where)), "refusal not logged"
    assert state(session)["version"] == version(lock.old)


@pytest.mark.case("ID-01", boards=("6000i",), needs=("console", "radio"))
def test_a_wrong_model_is_refused_over_the_air(lock: Lock) -> None:
    """A 6000i refuses a validly signed 7000i image that its portal offers.

    The whole oracle follows the refusal: the version is unchanged, nothing was written
    to a slot, codes lock and unlock. In a second run the refusal must stand in the log,
    be told to the portal, and the next heartbeat come within its limit.
    """
    image = f"{other_model(lock)}/2.4.0"
    refused(lock, image, via="portal", reasons=("MODEL",), unwritten=True)
    is_told(lock, image, via="portal", reason="MODEL")


@pytest.mark.case("ID-02", boards=("6000i",), needs=("console", "radio", "smp"))
def test_a_wrong_model_is_refused_by_serial(lock: Lock) -> None:
    """The service port has no weaker check than the portal: as ID-01, by serial."""
    image = f"{other_model(lock)}/2.4.0"
    refused(lock, image, via="serial", reasons=("MODEL",), unwritten=True)
    is_told(lock, image, via="serial", reason="MODEL")


@pytest.mark.case("ID-02", boards=("6000i",), needs=("console", "text", "update"))
def test_a_wrong_model_is_refused_on_a_text_console(lock: Lock) -> None:
    """A boot loader that takes images by blocks has no weaker check either.

    The console says so, nothing was written to a slot where that can be counted, and
    the whole oracle follows.
    """
    image = f"{other_model(lock)}/2.4.0"
    counted = "flash_ops" in lock.capabilities
    refused(lock, image, via="serial", reasons=("MODEL",), unwritten=counted)


@pytest.mark.case("ID-03", boards=("7000i",), needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", PATHS)
def test_the_reverse_wrong_model_is_refused(lock: Lock, via: str) -> None:
    """A 7000i refuses a 6000i image on both paths: as ID-01."""
    image = f"{other_model(lock)}/2.4.0"
    refused(lock, image, via=via, reasons=("MODEL",), unwritten=True)
    is_told(lock, image, via=via, reason="MODEL")


@pytest.mark.case("ID-04", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", PATHS)
def test_another_models_body_never_leaves_a_dead_board(lock: Lock, via: str) -> None:
    """A header for this lock over a body built for the other model, rightly signed.

    The lock refuses it by its body, or tries it, takes it back by itself and reconnects:
    either way the baseline runs in the end and is what the portal hears of.
    """
    image = f"{lock.new}?other_body={other_model(lock)}/2.4.0"
    trial = lock.push(image, via=via).expect()
    if trial.observed.get("accepted") not in ("yes", "no"):
        raise Inconclusive(f"the image never reached the lock: {trial.note}")
    runs(trial, lock.old)
    assert trial.answer("checks_in")["detail"] == f"version {version(lock.old)}"


@pytest.mark.case("ID-05", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", PATHS)
def test_a_header_patched_after_signing_is_refused(lock: Lock, via: str) -> None:
    """The other model's image, its identity patched to this lock's, not signed again.

    Only the signature shows it, so staging may be written; the image must not be taken.
    """
    image = f"{other_model(lock)}/2.4.0?patch_identity={lock.board}"
    refused(lock, image, via=via, reasons=("SIGNATURE",), unwritten=False)


@pytest.mark.case("ID-06", boards=("6000i",), needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", PATHS)
def test_another_hardware_revision_is_refused(lock: Lock, via: str) -> None:
    """An image for revision B alone on an A, and the reverse, on both paths."""
    image = f"6000i-{'A' if lock.revision == 'B' else 'B'}/2.4.0"
    refused(lock, image, via=via, reasons=("REVISION",), unwritten=True)


@pytest.mark.case("ID-07", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", PATHS)
def test_the_right_image_is_taken(lock: Lock, via: str) -> None:
    """No false refusal: the right image is installed, confirmed and reported."""
    trial = lock.push(lock.new, via=via).expect()
    assert trial.observed.get("accepted") == "yes", trial.note
    runs(trial, lock.new)
    assert trial.answer("checks_in")["detail"] == f"version {version(lock.new)}"
