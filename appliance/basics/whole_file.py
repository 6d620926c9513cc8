# SPDX-License-Identifier: MIT
"""Writes a file whole, or not at all, whatever instant the power is cut at."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Have `content` at `path`, on the disk, or what was there before."""
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
