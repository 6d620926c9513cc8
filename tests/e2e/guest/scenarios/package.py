# SPDX-License-Identifier: MIT
"""The package is upgraded, downgraded, removed and purged while the box works."""

from pathlib import Path

import box
import turns
from live import NAME, live_service
from verdict import expect, run, scenario, until

from appliance.core.signals import Signal

_PACKAGE = Path("/tree/build/e2e/package.deb")
_NEWER = _PACKAGE.with_name("newer.deb")


@scenario("an upgrade restarts the service, and keeps configuration and key")
def _upgrade() -> str:
    box.is_ready()
    config, pid = box.CONFIG.read_text(), box.main_pid()
    run("apt-get", "install", "--yes", _NEWER)
    _is_restarted(pid)
    expect(box.CONFIG.read_text() == config, "the configuration was changed")
    _answers()
    return _version()


@scenario("a downgrade, too")
def _downgrade() -> str:
    pid = box.main_pid()
    run("apt-get", "install", "--yes", "--allow-downgrades", _PACKAGE)
    _is_restarted(pid)
    _answers()
    return _version()


@scenario("remove stops it, and keeps configuration and key")
def _remove() -> None:
    run("apt-get", "remove", "--yes", "voice-appliance")
    expect(box.shows("ActiveState") == "inactive", "it still runs")
    expect(box.CONFIG.exists() and box.KEY.exists(), "something is gone")


@scenario("installed again: it answers as before")
def _again() -> None:
    run("apt-get", "install", "--yes", _PACKAGE)
    _answers()


@scenario("purge leaves nothing behind")
def _purge() -> None:
    run("apt-get", "purge", "--yes", "voice-appliance")
    folders = ["/etc", "/usr", "/var/lib", "/run"]
    names = ["-name", "*voice-appliance*", "-o", "-name", "gemini-api-key*"]
    left = run("find", *folders, "-xdev", "(", *names, ")").split()
    expect(not left, f"left: {' '.join(left)}")


@scenario("where an earlier installation was cut off after its udev rules: READY")
def _cut_off() -> None:
    chip, rules = "/dev/gpiochip0", "60-voice-appliance.rules"
    run("groupdel", "gpio")
    run("cp", f"/tree/deploy/udev/{rules}", "/usr/lib/udev/rules.d")
    run("udevadm", "control", "--reload")
    run("udevadm", "trigger", "--subsystem-match=gpio", "--settle")
    run("chown", "root:root", chip)
    run("apt-get", "install", "--yes", _PACKAGE)
    box.is_ready()


def _is_restarted(before: int) -> None:
    """apt does not wait for it."""
    until(lambda: box.main_pid() not in (0, before), "it was restarted")


def _version() -> str:
    return run("dpkg-query", "--show", "--showformat=${Version}", "voice-appliance")


def _answers() -> None:
    with live_service(), box.hosts(NAME):
        box.shows_signal(Signal.IDLE, limit_s=60)
        turns.answers()
