"""ATK: the service port takes orders only from whoever has the unit's key."""

from __future__ import annotations

import pytest
from helpers import state, version
from lockrig import Lock, LockFault, Session


def shut_to(session: Session, lock: Lock, credential: str) -> None:
    """An image shown with that credential is refused, and nothing came of it."""
    watched = "flash_ops" in lock.capabilities
    writes = session.slot_writes() if watched else 0
    push = session.push(lock.new, credential=credential)
    if push["accepted"]:
        raise LockFault(f"credential {credential}: {lock.new} was taken")
    assert push["refusal"] == "LOCKED", f"credential {credential}: {push}"
    assert push["acknowledged"] == 0, "it took a part of the image"
    if watched:
        assert session.slot_writes() == writes, "the image slots were written"
    assert state(session)["version"] == version(lock.old)


@pytest.mark.case("ATK-02", needs=("console", "smp", "service_key"))
def test_a_write_needs_the_units_key(lock: Lock) -> None:
    """The right image is refused without the service key, and with a wrong one.

    Neither writes to an image slot nor stops the lock from telling its state. With the
    unit's own key the same image is then taken and comes to run, and after that restart
    the port is shut again.
    """
    limits = lock.facts["limits"]
    session = lock.session()
    shut_to(session, lock, "none")
    shut_to(session, lock, "wrong")
    push = session.push(lock.new, credential="own")
    assert push["accepted"], f"refused with its own key: {push}"
    session.settle(limits["confirm_max"])
    assert state(session)["version"] == version(lock.new)
    again = session.push(lock.next, credential="none")
    assert again["refusal"] == "LOCKED", f"open after a restart: {again}"
