"""Whose fault it was decides what is raised, and so the outcome of a case.

A lock's fault fails the case; what the rig could not tell (RigError and LimitReached
of the core, and Inconclusive) makes it inconclusive; a ValueError, BadInput among them,
or anything else is a mistake of the scenario or the caller.
"""


class LockFault(AssertionError):
    """The lock did what it must not, or did not what it must."""

    def __init__(self, message: str, trial_id: str = "") -> None:
        super().__init__(message)
        self.trial_id = trial_id


class Inconclusive(Exception):
    """The rig could not tell: never a pass."""

    def __init__(self, message: str, trial_id: str = "") -> None:
        super().__init__(message)
        self.trial_id = trial_id
