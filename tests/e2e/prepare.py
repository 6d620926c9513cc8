# SPDX-License-Identifier: MIT
"""Builds what a machine consists of, once: everything is kept under a name that says
what it was made from."""

import hashlib
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_IMAGE = Path(__file__).parent / "image"
_CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "voice-appliance"
    / "boot-test"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A kernel to run, and a disk to copy for it, on which the package is not yet."""

    kernel: Path
    disk: Path


def prepare(package: Path) -> Parts:
    """Raises CalledProcessError when something cannot be built."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        kernel = pool.submit(_kernel)
        disk = _disk(_pi_packages(), _depends(package))
        return Parts(kernel.result(), disk)


def _kernel() -> Path:
    version = _output("dpkg-query", "--show", "linux-source-6.12")
    return _built("linux", "", ["kernel.sh"], ["kernel.config", version])


def _pi_packages() -> Path:
    return _built(
        "pi-packages", "", ["pi-packages.sh"], ["pi-packages.txt", "to-debs.sh"]
    )


def _disk(pi_packages: Path, depends: str) -> Path:
    overlay = sorted(p for p in (_IMAGE / "overlay").rglob("*") if p.is_file())
    made_from = [str(path.relative_to(_IMAGE)) for path in overlay]
    command = ["rootfs.sh", str(pi_packages), depends]
    return _built("disk", ".ext4", command, ["finish.sh", *made_from])


def _depends(package: Path) -> str:
    return _output("dpkg-deb", "--field", str(package), "Depends")


def _built(name: str, suffix: str, command: list[str], made_from: list[str]) -> Path:
    """What `command` puts into the file it is given; built only if it is not there."""
    script, *arguments = command
    key = _key(script, *arguments, *made_from)
    target = _CACHE / f"{name}-{key}{suffix}"
    if target.exists():
        return target
    log = _CACHE / f"{name}.log"
    print(f"Building {target.name} (log: {log}).", flush=True)
    began = time.monotonic()
    with log.open("w") as output:
        subprocess.run(
            [_IMAGE / script, *arguments, target],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    print(f"Built {target.name} in {time.monotonic() - began:.0f} s.", flush=True)
    return target


def _key(*names: str) -> str:
    """A short hash of the files that are named, and of the words that name none."""
    hashed = hashlib.sha256()
    for name in names:
        file = _IMAGE / name
        hashed.update(f"{name}\0".encode())
        hashed.update(file.read_bytes() if file.is_file() else b"")
    return hashed.hexdigest()[:12]


def copy_disk(source: Path, target: Path) -> None:
    """A copy of a disk, holes and all."""
    command = ["cp", "--sparse=always", "--reflink=auto"]
    subprocess.run([*command, source, target], check=True)


def newest_package(folder: Path) -> Path | None:
    """The package in `folder` with the highest version, if there is any."""
    packages = sorted(folder.glob("voice-appliance_*_all.deb"), key=_version)
    return packages[-1] if packages else None


def _version(package: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", package.name)]


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
