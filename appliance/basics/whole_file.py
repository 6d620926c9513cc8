# SPDX-License-Identifier: MIT
"""Small files that are written whole or not at all, and read without surprises."""

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, most_bytes: int) -> bytes:
    """The content of the regular file `path`, though something else may stand there.

    A FIFO does not block, a link is not followed. Raises OSError: also for these, and
    for a file that is larger than `most_bytes`.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes} bytes")
    return content


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Have `content` at `path`, on the disk, or what was there before, whatever instant
    the power is cut at. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_directory(path)


def sync_directory(path: Path) -> None:
    """Have the entry of `path` in its directory on the disk. Raises OSError."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
