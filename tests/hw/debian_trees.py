# SPDX-License-Identifier: MIT
"""The device trees of real Pis, from the arm64 kernel package of this Debian.

apt fetches the package (some 60 MB, signatures checked) with lists of its own, so that
the machine's are left alone; the trees are kept in the user's cache.
"""

import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

_META_PACKAGE = "linux-image-arm64"
_LIMIT_S = 300


def debian_trees() -> Path:
    """A directory with bcm2711-rpi-4-b.dtb and its like; RuntimeError says why not."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kept = Path(caches, "voice-appliance", "debian-device-trees")
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            _fetch(Path(scratch))
            _keep(Path(scratch, "trees"), kept)
    return kept


def _keep(trees: Path, kept: Path) -> None:
    try:
        trees.rename(kept)
    except OSError:
        # Another test run was quicker.
        if not kept.exists():
            raise


def _fetch(scratch: Path) -> None:
    apt = _private_apt(scratch)
    _run(["apt-get", *apt, "update"], scratch)
    about = _run(
        ["apt-cache", *apt, "show", "--no-all-versions", _META_PACKAGE], scratch
    )
    kernel = re.search(r"^Depends: (linux-image-\S+)", about, re.M)
    if kernel is None:
        raise RuntimeError(f"{_META_PACKAGE} depends on no kernel:\n{about}")
    _run(["apt-get", *apt, "download", kernel[1]], scratch)
    (package,) = scratch.glob("*.deb")
    _unpack(package, scratch / "trees")


def _unpack(package: Path, trees: Path) -> None:
    """Only the trees: the whole package has hundreds of megabytes."""
    trees.mkdir()
    with (
        subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
        ) as opened,
        tarfile.open(fileobj=opened.stdout, mode="r|") as members,
    ):
        for member in members:
            if re.fullmatch(r".*/broadcom/bcm[^/]*\.dtb", member.name):
                content = members.extractfile(member)
                assert content is not None
                (trees / Path(member.name).name).write_bytes(content.read())


def _private_apt(scratch: Path) -> list[str]:
    """Options by which apt uses the machine's sources, and nothing else of it."""
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (scratch / directory).mkdir(parents=True)
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
    return [f"-o{name}={value}" for name, value in settings.items()]


def _run(command: list[str], directory: Path) -> str:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=_LIMIT_S
    )
    if done.returncode:
        raise RuntimeError(
            f"no device trees of {_META_PACKAGE}: {command[0]} {command[-1]} failed: "
            f"{done.stderr or done.stdout}"
        )
    return done.stdout
