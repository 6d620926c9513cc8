# SPDX-License-Identifier: MIT
"""A release was unzipped onto the boot partition of a new card; this is any boot of it.

There is no cloud-init here: what it does with vendor-data is done below. There is no
Internet: the server has a name and the clock is set, and that must do. There is no
sound card before there is an overlay.
"""

import subprocess
from pathlib import Path

import board
import box
from verdict import expect, run, scenario, until

_BOOT = Path("/boot/firmware")
_LOG = _BOOT / "voice-appliance.log.txt"
_HOSTS = Path("/etc/hosts")
_SERVER = "127.0.0.1 deb.debian.org\n"


def _run_boothook() -> None:
    """As cloud-init: without its own first line."""
    script = (_BOOT / "vendor-data").read_text().partition("\n")[2]
    subprocess.run(["sh", "-c", script], check=True)


if _SERVER not in _HOSTS.read_text():
    _HOSTS.write_text(_HOSTS.read_text() + _SERVER)
board.synchronise()
if "dtoverlay=" not in (_BOOT / "config.txt").read_text():
    subprocess.run(["board", "no-card"], check=True)
_run_boothook()


@scenario("the box is READY, installed whole, with its overlay, and says so")
def _ready() -> str:
    package = _BOOT / "voice-appliance" / "voice-appliance.deb"
    version = run("dpkg-deb", "--field", package, "Version").strip()
    said = f"Version {version} is installed, for the kit"
    until(lambda: _LOG.read_text().startswith(said), "it is installed", 110)
    ready_s = box.is_ready()
    expect(not run("dpkg", "--audit"), "dpkg has something half installed")
    expect(box.key() == "the-key-on-the-card", "the key is not installed")
    expect(not list(_BOOT.glob("gemini-api-key*")), "the key is still on the card")
    overlay = _BOOT / "overlays" / "voice-appliance.dtbo"
    ours = Path("/usr/share/voice-appliance/overlays", overlay.name)
    expect(overlay.read_bytes() == ours.read_bytes(), "the overlay is another")
    config = (_BOOT / "config.txt").read_text()
    expect(config.count("dtoverlay=voice-appliance\n") == 1, f"config.txt: {config}")
    expect(config.startswith("dtparam=audio=on\n"), f"config.txt: {config}")
    return f"version {version}, READY {ready_s:.1f} s after the last start"
