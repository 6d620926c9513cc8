# SPDX-License-Identifier: MIT
"""Programs that have espeak-ng's name, and not its manners."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

#: What espeak-ng writes first: RIFF with lengths that mean nothing, 22,050 Hz, mono.
HEADER = (
    b"RIFF$\xf0\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x22V\0\0D\xac\0\0\x02\0\x10\0"
    b"data\0\xf0\xff\x7f"
)


@pytest.fixture
def false_nmcli(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Puts a shell script in nmcli's place."""

    def install(script: str) -> None:
        directory = tmp_path / "sbin"
        directory.mkdir(exist_ok=True)
        program = directory / "nmcli"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    return install


def octal(content: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in content)


@pytest.fixture
def false_espeak(tmp_path, monkeypatch) -> Callable[[str | None], None]:
    """Puts a shell script in espeak-ng's place; None: there is no such program."""

    def install(script: str | None) -> None:
        directory = tmp_path / "bin"
        directory.mkdir()
        for needed in ("sh", "cat", "sleep", "head", "yes", "kill"):
            (directory / needed).symlink_to(_where(needed))
        if script is not None:
            program = directory / "espeak-ng"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(directory))

    return install


def _where(program: str) -> Path:
    return next(
        p for p in (Path("/bin", program), Path("/usr/bin", program)) if p.exists()
    )
