#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gather what a release attaches: package, bootfs.zip, SHA256SUMS, notes.

    deploy/assets.py PACKAGE.deb DIRECTORY

The same package and tree make the same bytes, whenever and wherever.
"""

import hashlib
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOOTFS = ROOT / "deploy" / "bootfs"
#: Beside config.txt, and where the script expects the rest: a folder of the zip must
#: have a name that no folder of the card has, as some systems replace folders whole.
TOP = ("README.txt", "vendor-data", "voice-appliance.log.txt")


def members(package: Path) -> dict[str, bytes]:
    """The zip's files by their names on the boot partition."""
    found = {name: (BOOTFS / name).read_bytes() for name in TOP}
    example = ROOT / "deploy" / "config" / "config.toml"
    found["voice-appliance/example.toml"] = example.read_bytes()
    found["voice-appliance/setup.sh"] = (BOOTFS / "setup.sh").read_bytes()
    found["voice-appliance/voice-appliance.deb"] = package.read_bytes()
    return found


def write_zip(path: Path, files: dict[str, bytes], at: int) -> None:
    """`at`: the files' time, seconds since 1970."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, time.gmtime(at)[:6])
            # Else the system that this runs on shows in the file.
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)


def notes(version: str) -> str:
    """The section of CHANGELOG.md about `version`; before the release, what is new."""
    text = (ROOT / "CHANGELOG.md").read_text()
    for title in (re.escape(version), "Unreleased"):
        if section := re.search(rf"(?ms)^## {title}\b[^\n]*\n+(.*?)(?=^## |\Z)", text):
            return section[1].strip() + "\n"
    return ""


def gather(package: Path, directory: Path) -> None:
    """Write the release's files into the empty `directory`."""
    version = _output("dpkg-deb", "--field", package, "Version")
    changelog = ROOT / "deploy" / "debian" / "changelog"
    at = _output("dpkg-parsechangelog", "-l", changelog, "--show-field", "Timestamp")
    bootfs = directory / f"voice-appliance-{version}-bootfs.zip"
    write_zip(bootfs, members(package), int(at))
    copy = directory / package.name
    copy.write_bytes(package.read_bytes())
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in (bootfs, copy)
    ]
    (directory / "SHA256SUMS").write_text("".join(sums))
    (directory / "notes.md").write_text(notes(version))


def _output(*command: object) -> str:
    done = subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: deploy/assets.py PACKAGE.deb DIRECTORY")
    gather(Path(sys.argv[1]), Path(sys.argv[2]))
