# SPDX-License-Identifier: MIT
"""Debian's kernel for real Pis: their device trees, the kernel itself, its modules.

apt fetches the packages (some 60 MB, signatures checked) with lists of its own, so that
the machine's are left alone; what is used of them is kept in the user's cache.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

_META_PACKAGE = "linux-image-arm64"
_LIMIT_S = 300
#: Labels that the overlay asks for and the Pi's own kernel has, and their nodes up to
#: the Pi 4 (bcm2711-rpi-ds.dtsi and its like). Debian 12 compiles its trees without
#: labels, Debian 13 without the first.
SYMBOLS = {"i2s_clk_producer": "/soc/i2s@7e203000", "gpio": "/soc/gpio@7e200000"}
_TREE = re.compile(r".*/broadcom/(bcm[^/]*\.dtb)")


def debian_trees() -> Path:
    """A directory with bcm2711-rpi-4-b.dtb and its like; RuntimeError says why not."""

    def fill(target: Path, scratch: Path) -> None:
        (package,) = download(scratch, kernel_package(scratch))
        unpack(package, target, lambda name: flat(_TREE.fullmatch(name)))

    return kept("debian-device-trees", fill)


def flat(match: re.Match[str] | None) -> str | None:
    return match and match[1]


def kept(name: str, fill: Callable[[Path, Path], None]) -> Path:
    """The directory `name` of the cache; `fill` puts into it what it is to have, the
    first time. It also gets a directory for what it needs meanwhile."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    target = Path(caches, "voice-appliance", name)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            whole = Path(scratch, "whole")
            whole.mkdir()
            fill(whole, Path(scratch))
            try:
                whole.rename(target)
            except OSError:
                # Another test run was quicker.
                if not target.exists():
                    raise
    return target


def kernel_package(scratch: Path) -> str:
    """The name of the newest kernel for the Pi."""
    show = ["show", "--no-all-versions", _META_PACKAGE]
    about = run(["apt-cache", *_private_apt(scratch), *show], scratch)
    kernel = re.search(r"^Depends: (linux-image-\S+)", about, re.M)
    if kernel is None:
        raise RuntimeError(f"{_META_PACKAGE} depends on no kernel:\n{about}")
    return kernel[1]


def download(scratch: Path, *packages: str) -> list[Path]:
    """The files of arm64 `packages`, in their order."""
    run(["apt-get", *_private_apt(scratch), "download", *packages], scratch)
    return [next(scratch.glob(f"{package}_*.deb")) for package in packages]


def unpack(package: Path, target: Path, wanted: Callable[[str], str | None]) -> None:
    """Each file whose path in `package` has a `wanted` path below `target`: the whole
    package has hundreds of megabytes."""
    with (
        subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
        ) as opened,
        tarfile.open(fileobj=opened.stdout, mode="r|") as members,
    ):
        for member in members:
            if member.isfile() and (name := wanted(member.name)):
                content = members.extractfile(member)
                assert content is not None
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file)


def label(tree: Path) -> None:
    """Give a tree of Debian's the labels that the overlay asks for."""
    for number, (name, node) in enumerate(SYMBOLS.items()):
        _fdt("fdtput", "-p", "-t", "s", tree, "/__symbols__", name, node)
        if "phandle" not in _fdt("fdtget", "-p", tree, node).split():
            _fdt("fdtput", "-t", "u", tree, node, "phandle", 0x1000 + number)


def _fdt(*command: object) -> str:
    return run(list(map(str, command)), Path.cwd())


def _private_apt(scratch: Path) -> list[str]:
    """Options by which apt uses the machine's sources, and nothing else of it."""
    settings = {
        "Dir::State": scratch / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": scratch / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    if not (scratch / "state").exists():
        for directory in ("state/lists/partial", "cache/archives/partial"):
            (scratch / directory).mkdir(parents=True)
        run(["apt-get", *options, "update"], scratch)
    return options


def run(command: list[str], directory: Path) -> str:
    """What it prints. Raises RuntimeError: it failed."""
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=_LIMIT_S
    )
    if done.returncode:
        raise RuntimeError(
            f"{command[0]} {command[-1]} failed: {done.stderr or done.stdout}"
        )
    return done.stdout
