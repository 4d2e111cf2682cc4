"""Which image a person means: short names, files, and the full names of
rig/bench/image_library.hpp."""

import re
from collections.abc import Iterable
from pathlib import Path

# "2.4.0", "2.4.0+crash-at-start", "2.4.0?flip_bit=4711".
_SHORT = re.compile(r"\d+\.\d+\.\d+(\D.*)?")
# "6000i-2.4.0.img": a released image by the name of its file.
_RELEASED = re.compile(r"(?P<model>[^-/?]+)-(?P<version>\d+\.\d+\.\d+)\.img")


def full_name(text: str, board: str, boards: Iterable[str]) -> str:
    """The name of the image that `text` means to the lock on `board`.

    A version alone is of the lock's own board. A file that exists is taken as it is;
    where there is none, "<model>-<version>.img" means the released image, for the lock's
    own board or else for the first of that model among `boards`.
    """
    if _SHORT.fullmatch(text):
        return f"{board}/{text}"
    if text.startswith("file:"):
        return text
    if Path(text).is_file():
        return f"file:{Path(text).absolute()}"
    released = _RELEASED.fullmatch(text)
    if released:
        for each in (board, *boards):
            if each.rpartition("-")[0] == released["model"]:
                return f"{each}/{released['version']}"
    return text
