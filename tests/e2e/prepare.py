# SPDX-License-Identifier: MIT
"""Builds what a machine consists of, once: everything is kept under a name that says
what it was made from."""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_IMAGE = Path(__file__).parent / "image"
_CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "voice-appliance"
    / "boot-test"
)
_LAST_LINES = 30
_PTRACE_TRACEME = 0


class Unable(Exception):
    """There can be no machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A kernel to run, and a disk for it."""

    kernel: Path
    disk: Path


def prepare(package: Path) -> Parts:
    """Kernel, and a disk on which the package is not yet. Raises Unable."""
    if not _may_trace():
        raise Unable(
            "this computer does not let a program trace another (ptrace), as a Linux "
            "that runs as a process must; a container needs: --cap-add=SYS_PTRACE "
            "--security-opt seccomp=unconfined"
        )
    _CACHE.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        kernel = pool.submit(_kernel)
        disk = _disk(_pi_packages(), _needs(package))
        return Parts(kernel.result(), disk)


def _may_trace() -> bool:
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0
    os._exit(0 if ctypes.CDLL(None).ptrace(_PTRACE_TRACEME, 0, 0, 0) == 0 else 1)


def _kernel() -> Path:
    version = _output("dpkg-query", "--show", "linux-source-6.12")
    return _built("linux", "", ["kernel.sh"], ["kernel.config", version])


def _pi_packages() -> Path:
    return _built(
        "pi-packages", "", ["pi-packages.sh"], ["pi-packages.txt", "to-debs.sh"]
    )


def _disk(pi_packages: Path, needs: str) -> Path:
    overlay = sorted(p for p in (_IMAGE / "overlay").rglob("*") if p.is_file())
    made_from = [str(path.relative_to(_IMAGE)) for path in overlay]
    command = ["rootfs.sh", str(pi_packages), needs]
    return _built("disk", ".ext4", command, ["finish.sh", *made_from])


def _needs(package: Path) -> str:
    """What apt installs beside the package unless it is told not to."""
    fields = ("Depends", "Recommends")
    return ", ".join(
        _output("dpkg-deb", "--field", str(package), field) for field in fields
    )


def _built(name: str, suffix: str, command: list[str], made_from: list[str]) -> Path:
    """What `command` puts into the file it is given; built only if it is not there."""
    script, *arguments = command
    key = _key(script, *arguments, *made_from)
    target = _CACHE / f"{name}-{key}{suffix}"
    if not target.exists():
        _build([str(_IMAGE / script), *arguments, str(target)], _CACHE / f"{name}.log")
    _forget_older(target, re.compile(rf"{name}-[0-9a-f]{{12}}{suffix}"))
    return target


def _build(command: list[str], log: Path) -> None:
    target = Path(command[-1]).name
    print(f"Building {target} (log: {log}).", flush=True)
    began = time.monotonic()
    with log.open("w") as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    if done.returncode:
        said = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        why = f"{target} was not built: exit {done.returncode}; {log} ends with:"
        raise Unable("\n  | ".join([why, *said]))
    print(f"Built {target} in {time.monotonic() - began:.0f} s.", flush=True)


def _forget_older(target: Path, like_it: re.Pattern[str]) -> None:
    """Of what was built under other keys, keep the newest: of a branch, perhaps."""
    others = [
        path
        for path in _CACHE.iterdir()
        if path != target and like_it.fullmatch(path.name)
    ]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-1]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _key(*names: str) -> str:
    """A short hash of the files that are named, and of the words that name none."""
    hashed = hashlib.sha256()
    for name in names:
        file = _IMAGE / name
        hashed.update(f"{name}\0".encode())
        # Not is_file(): of words too long for a file name it makes an error.
        hashed.update(file.read_bytes() if os.path.isfile(file) else b"")
    return hashed.hexdigest()[:12]


def copy_disk(source: Path, target: Path) -> None:
    """A copy of a disk, holes and all."""
    command = ["cp", "--sparse=always", "--reflink=auto"]
    subprocess.run([*command, source, target], check=True)


def newest_package(folder: Path) -> Path | None:
    """The package in `folder` with the highest version, if there is any."""
    packages = sorted(folder.glob("voice-appliance_*_all.deb"), key=_version)
    return packages[-1] if packages else None


def newer(package: Path, target: Path) -> None:
    """The same package, with a higher version."""
    with TemporaryDirectory() as tree:
        Path(tree).chmod(0o755)
        subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
        control = Path(tree, "DEBIAN", "control")
        text = re.sub(r"(?m)^(Version: .*)", r"\1+1", control.read_text())
        control.write_text(text)
        build = ["dpkg-deb", "--root-owner-group", "--build", tree, str(target)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)


def _version(package: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", package.name)]


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
