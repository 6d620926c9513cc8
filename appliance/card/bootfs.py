# SPDX-License-Identifier: MIT
"""The boot partition of a card: whether it can install the box, and what it lacks."""

import re
from pathlib import Path

from appliance.basics.errors import UsageError

VENDOR_DATA = "vendor-data"
_WRITE_AGAIN = "write Raspberry Pi OS Lite (64-bit) 13 with Raspberry Pi Imager 2"
#: cloud-init's files that Raspberry Pi OS 13 has, customised or not.
_SEED = ("meta-data", "user-data")


def check_bootfs(directory: Path) -> None:
    """Raises UsageError: `directory` is not the boot partition of a Raspberry Pi OS
    with cloud-init, or another vendor-data than ours is there."""
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such directory; is the card mounted?")
    if (directory / "etc" / "os-release").exists():
        raise UsageError(f"{directory}: the system's partition; give the other, bootfs")
    for name in ("config.txt", "cmdline.txt"):
        if not (directory / name).is_file():
            raise UsageError(
                f"{directory}: no {name}: not the boot partition (bootfs) of a card "
                "with Raspberry Pi OS"
            )
    command_line = _text(directory / "cmdline.txt")
    if (directory / "firstrun.sh").exists() or "systemd.run=" in command_line:
        raise UsageError(
            f"{directory}: customised by firstrun.sh, as by an older Imager: "
            f"{_WRITE_AGAIN}"
        )
    if not any((directory / name).exists() for name in _SEED):
        raise UsageError(
            f"{directory}: no user-data and no meta-data, so no cloud-init: an older "
            f"system than 13: {_WRITE_AGAIN}"
        )
    vendor_data = directory / VENDOR_DATA
    if vendor_data.exists() and "voice-appliance" not in _text(vendor_data):
        raise UsageError(f"{vendor_data}: is there, and not ours: move it away first")


def lacking_wifi(directory: Path) -> list[str]:
    """What Imager has not been told about the Wi-Fi, a line each."""
    network = _settings(directory / "network-config")
    if not re.search(r"^\s*wifis:", network, re.M):
        return ["no Wi-Fi is set up: the Pi needs a network cable"]
    by_kernel = "cfg80211.ieee80211_regdom=" in _text(directory / "cmdline.txt")
    if not by_kernel and not re.search(r"^\s*regulatory-domain:\s*\S", network, re.M):
        return ["the Wi-Fi has no country: most Pis leave it switched off"]
    return []


def lacking_login(directory: Path) -> list[str]:
    """What Imager has not been told about logging in, a line each: the box works
    without."""
    user = _settings(directory / "user-data")
    lines = []
    if not re.search(r"^\s*(users|user|- name):", user, re.M):
        lines.append("no user is set up: nobody can log in")
    by_file = any((directory / name).exists() for name in ("ssh", "ssh.txt"))
    wanted = r"^\s*(ssh_pwauth|enable_ssh):\s*true|^\s*ssh_authorized_keys:"
    if not by_file and not re.search(wanted, user, re.M):
        lines.append("SSH is not switched on: log in with a screen and keyboard")
    return lines


def misplaced(directory: Path) -> list[str]:
    """Folders into which somebody has unzipped a release, a line each."""
    return [
        f"{found.parent.name}/: a release unzipped into a folder is not used: delete it"
        for found in sorted(directory.glob(f"*/{VENDOR_DATA}"))
    ]


def _settings(path: Path) -> str:
    """The lines of a YAML file that are no comments; nothing, if it is not there."""
    text = _text(path)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
