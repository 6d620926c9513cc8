# SPDX-License-Identifier: MIT
"""The first boot: setup.sh, with an apt and a systemd that are fakes with a state.

The fake apt installs what dpkg-query then tells, and fails as apt does.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.generate.documents import DEPLOY, ROOT

BOOTFS = DEPLOY / "bootfs"
CONTROL = """\
Package: voice-appliance
Version: {version}
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: a test
"""
#: Each with the state of the machine in $STATE.
PROGRAMS = {
    "dpkg": """\
case $1 in --configure) [ ! -e $STATE/half ] || mv $STATE/half $STATE/installed ;;
*) exec /usr/bin/dpkg "$@" ;; esac""",
    "dpkg-query": """\
if [ -e $STATE/half ]; then printf 'iF %s' "$(cat $STATE/half)"; exit; fi
[ -e $STATE/installed ] || { echo "no packages found" >&2; exit 1; }
printf 'ii %s' "$(cat $STATE/installed)" """,
    "apt-get": """\
echo "apt-get $*" >>$STATE/calls
case "$*" in *" update") exit ;; esac
[ ! -e $STATE/half ] || { echo 'E: dpkg was interrupted'; exit 100; }
[ ! -s $STATE/apt-says ] || { cat $STATE/apt-says; exit 100; }
for package; do :; done
dpkg-deb --field "$package" Version >$STATE/installed
[ ! -e $STATE/cut ] || { mv $STATE/installed $STATE/half; kill -9 $PPID; }
mkdir -p $ROOT/usr/share && cp -r $STATE/share $ROOT/usr/share/voice-appliance""",
    "getent": "[ ! -e $STATE/no-network ]",
    "timedatectl": "[ -e $STATE/no-clock ] || echo yes",
    "date": """\
[ -e $STATE/no-clock ] || exec /usr/bin/date "$@"
exec /usr/bin/date --date=@7 "$@" """,
    "sleep": "echo $1 >>$STATE/slept",
    "voice-appliance": "cat $STATE/config",
    "systemctl": """\
echo "systemctl $*" >>$STATE/calls
[ "$1" != start ] || [ ! -e $STATE/rejects ] || cp $STATE/rejects \\
    "$BOOT/$(sed 's/:.*//' $STATE/rejects).rejected.txt" """,
}


class Machine:
    """A Pi's root, boot partition, and what happened to it."""

    def __init__(self, path: Path) -> None:
        self.state, self.root, self.boot = (
            path / name for name in ("state", "root", "boot")
        )
        for directory in ("run", "etc/credstore.encrypted"):
            (self.root / directory).mkdir(parents=True)
        (self.boot / "overlays").mkdir(parents=True)
        (self.boot / "config.txt").write_text("dtparam=audio=on\n")
        self.system("13")
        (self.root / "etc/credstore.encrypted/gemini-api-key").write_text("sealed")
        self.state.mkdir()
        (self.state / "config").write_text('kit = "inmp441-max98357a"\n[live]\n')
        self._programs(path / "bin")
        share = self.state / "share"
        (share / "overlays").mkdir(parents=True)
        (share / "overlays" / "voice-appliance.dtbo").write_bytes(b"overlay")
        shutil.copytree(ROOT / "hw" / "config.txt.d", share / "config.txt.d")
        shutil.copy(DEPLOY / "bin" / "sound-card", share)
        self.unzip("0.2.0")

    def _programs(self, directory: Path) -> None:
        directory.mkdir()
        for name, text in PROGRAMS.items():
            (directory / name).write_text(f"#!/bin/sh\n{text}\n")
            (directory / name).chmod(0o755)
        self._environment = {
            "PATH": f"{directory}:{os.environ['PATH']}",
            "STATE": str(self.state),
            "ROOT": str(self.root),
            "BOOT": str(self.boot),
        }

    def system(self, release: str) -> None:
        name = f'PRETTY_NAME="Debian {release}"\nVERSION_ID="{release}"\n'
        (self.root / "etc/os-release").write_text(name)

    def unzip(self, version: str) -> None:
        ours = self.boot / "voice-appliance"
        tree = self.state / "tree"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "DEBIAN" / "control").write_text(CONTROL.format(version=version))
        ours.mkdir(exist_ok=True)
        build = ["dpkg-deb", "--root-owner-group", "--build"]
        package = ours / "voice-appliance.deb"
        subprocess.run([*build, tree, package], check=True, capture_output=True)
        shutil.copy(BOOTFS / "setup.sh", ours)
        shutil.copy(BOOTFS / "voice-appliance.log.txt", self.boot)

    def has(self, name: str, text: str = "") -> None:
        """Something is so from now on; `hasnt` ends it."""
        (self.state / name).write_text(text)

    def hasnt(self, name: str) -> None:
        (self.state / name).unlink()

    def start(self) -> int:
        """Boot; the exit code of setup.sh."""
        (self.state / "calls").unlink(missing_ok=True)
        return subprocess.run(
            ["sh", self.boot / "voice-appliance" / "setup.sh"],
            env=self._environment,
            capture_output=True,
            timeout=60,
        ).returncode

    @property
    def calls(self) -> list[str]:
        try:
            return (self.state / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []

    @property
    def reboots(self) -> bool:
        return "systemctl reboot" in self.calls

    @property
    def installed(self) -> str:
        return (self.state / "installed").read_text().strip()

    @property
    def log(self) -> str:
        return (self.boot / "voice-appliance.log.txt").read_text()


@pytest.fixture
def pi(tmp_path):
    return Machine(tmp_path)


def test_it_installs_sets_up_the_sound_card_and_reboots_once(pi):
    assert pi.start() == 0
    assert pi.installed == "0.2.0"
    assert pi.reboots
    assert "The Pi starts again" in pi.log
    assert "dtoverlay=voice-appliance" in (pi.boot / "config.txt").read_text()
    install = next(call for call in pi.calls if " install " in call)
    assert "--no-install-recommends" in install
    assert pi.start() == 0
    assert pi.calls == ["systemctl start voice-appliance-provision.service"]
    assert pi.log.startswith(
        "Version 0.2.0 is installed, for the kit inmp441-max98357a."
    )


def test_the_kit_of_the_configuration_is_set_up(pi):
    pi.has("config", 'kit = "wm8960"\n')
    pi.start()
    assert "dtoverlay=wm8960-soundcard" in (pi.boot / "config.txt").read_text()


def test_a_kit_without_an_overlay_needs_no_reboot(pi):
    pi.has("config", 'kit = "usb"\n')
    assert pi.start() == 0
    assert not pi.reboots


def test_a_newer_release_updates_and_an_older_one_does_not(pi):
    pi.start()
    for offered, installed in (("0.10.0", "0.10.0"), ("0.9.0", "0.10.0")):
        pi.unzip(offered)
        assert pi.start() == 0
        assert pi.installed == installed
        assert not pi.reboots


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("no-network", "No network after ten minutes"),
        ("no-clock", "The clock says 1970-01-01"),
    ],
)
def test_what_is_waited_for_has_a_limit_is_named_and_tried_again(pi, trouble, said):
    pi.has(trouble)
    assert pi.start() == 1
    assert said in pi.log
    assert "tried again every five minutes" in pi.log
    slept_s = sum(int(line) for line in (pi.state / "slept").read_text().split())
    assert slept_s == {"no-network": 600, "no-clock": 180}[trouble]
    assert not any(call.startswith("apt-get") for call in pi.calls)
    pi.hasnt(trouble)
    assert pi.start() == 0
    assert pi.installed == "0.2.0"


@pytest.mark.parametrize(
    ("apt_says", "said"),
    [
        (
            "Err:7 http://deb.debian.org/debian trixie/main x 404  Not Found\n"
            "E: Unable to fetch some archives\n",
            "A package server did not have what is needed. "
            "(E: Unable to fetch some archives)",
        ),
        (
            "E: You don't have enough free space in /var/cache/apt/archives/.\n",
            "The card is full",
        ),
        (
            "dpkg: error processing archive: cannot copy: No space left on device\n",
            "The card is full",
        ),
        (
            "The following packages have unmet dependencies:\n"
            "E: Unable to correct problems, you have held broken packages.\n",
            "The package was refused",
        ),
        (
            "E: Release file is not valid yet (invalid for another 5h).\n",
            "The clock says",
        ),
        ("Killed\n", "could not be installed. (Killed)"),
    ],
)
def test_what_apt_says_is_told_in_plain_words_and_tried_again(pi, apt_says, said):
    pi.has("apt-says", apt_says)
    assert pi.start() == 1
    assert said in pi.log
    pi.hasnt("apt-says")
    assert pi.start() == 0
    assert pi.installed == "0.2.0"


def test_a_power_cut_in_the_installation_is_mended_by_the_next_start(pi):
    pi.has("cut")
    assert pi.start() != 0
    pi.hasnt("cut")
    assert pi.start() == 0
    assert pi.installed == "0.2.0"
    assert pi.reboots


def test_an_older_system_is_named_and_not_tried_again(pi):
    pi.system("12")
    assert pi.start() == 2
    assert pi.log.startswith("This is Debian 12. Write Raspberry Pi OS Lite")
    assert pi.calls == []


def test_a_package_that_is_cut_off_is_named(pi):
    package = pi.boot / "voice-appliance" / "voice-appliance.deb"
    package.write_bytes(package.read_bytes()[:-20])
    assert pi.start() == 1
    assert pi.log.startswith("The package is damaged: unzip the release again")


def test_without_a_key_it_says_where_one_belongs(pi):
    (pi.root / "etc/credstore.encrypted/gemini-api-key").unlink()
    pi.start()
    pi.start()
    assert "There is no API key yet: put a file gemini-api-key" in pi.log


def test_a_rejected_file_is_named_and_no_sound_card_guessed(pi):
    pi.has("rejects", "voice-appliance.toml: kit = 'x': expected one of a, b")
    assert pi.start() == 0
    assert "Not used: voice-appliance.toml: kit = 'x': expected" in pi.log
    assert (pi.boot / "config.txt").read_text() == "dtparam=audio=on\n"


def test_the_log_is_written_in_place_and_only_if_it_changes(pi):
    """A full FAT has no room for another file; a box that works writes nothing."""
    log = pi.boot / "voice-appliance.log.txt"
    inode = log.stat().st_ino
    pi.start()
    pi.start()
    written = log.stat()
    assert written.st_ino == inode
    pi.start()
    assert log.stat().st_mtime_ns == written.st_mtime_ns


def test_cloud_init_gets_a_script_for_each_boot_that_has_the_rest_done_later(tmp_path):
    """cloud-init strips the first line, and runs the rest (its boot_hook.py)."""
    first, script = (BOOTFS / "vendor-data").read_text().split("\n", 1)
    assert first == "#cloud-boothook"
    assert script.startswith("#!/bin/sh\n")
    setup = tmp_path / "setup.sh"
    script = script.replace("/boot/firmware/voice-appliance/setup.sh", str(setup))
    runner = tmp_path / "systemd-run"
    runner.write_text('#!/bin/sh\nfor last; do :; done\necho "$1 $last"\n')
    runner.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = ["sh", "-c", script]
    assert subprocess.check_output(run, env=path, text=True) == ""
    setup.touch()
    assert subprocess.check_output(run, env=path, text=True) == f"--no-block {setup}\n"


def test_shellcheck_has_no_complaints():
    scripts = [BOOTFS / "setup.sh", DEPLOY / "bin" / "sound-card"]
    assert subprocess.run(["shellcheck", *scripts], check=False).returncode == 0
    vendor_data = (BOOTFS / "vendor-data").read_text().partition("\n")[2]
    check = subprocess.run(["shellcheck", "-"], input=vendor_data, text=True)
    assert check.returncode == 0


def test_the_readme_of_the_partition_is_short_and_names_what_is_there():
    readme = (BOOTFS / "README.txt").read_text()
    assert len(readme.splitlines()) <= 10
    for name in ("gemini-api-key", "voice-appliance.toml", "voice-appliance.log.txt"):
        assert name in readme
