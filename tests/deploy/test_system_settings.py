# SPDX-License-Identifier: MIT
"""What the package changes in the system around the box: journal and Wi-Fi."""

import configparser
import re
import shutil
import subprocess

import pytest

from docs.generate.documents import DEPLOY

JOURNAL, WIFI = (
    DEPLOY / folder / "60-voice-appliance.conf"
    for folder in ("journald.conf.d", "networkmanager.conf.d")
)
#: As Raspberry Pi OS 13 has it.
VOLATILE = "40-rpi-volatile-storage.conf", "[Journal]\nStorage=volatile\n"


@pytest.fixture
def system(tmp_path):
    """A Raspberry Pi OS with the package, and how systemd reads its journald.conf."""
    shipped = tmp_path / "usr/lib/systemd/journald.conf.d"
    shipped.mkdir(parents=True)
    name, text = VOLATILE
    (shipped / name).write_text(text)
    shutil.copy(JOURNAL, shipped)
    main = tmp_path / "etc/systemd/journald.conf"
    main.parent.mkdir(parents=True)
    main.write_text("[Journal]\n")

    def settings() -> dict[str, str]:
        command = ["systemd-analyze", f"--root={tmp_path}", "cat-config"]
        text = subprocess.check_output([*command, "systemd/journald.conf"], text=True)
        return dict(re.findall(r"(?m)^(\w+)=(.*)$", text))

    return tmp_path, settings


def opt_out(of, root):
    """Run the command that the file names, in `root`."""
    command = re.search(r"(?m)^#   sudo (.*)$", of.read_text())[1]
    (root / "etc/NetworkManager/conf.d").mkdir(parents=True)
    subprocess.run(command.replace(" /etc/", f" {root}/etc/").split(), check=True)


def test_the_journal_survives_a_reboot_in_64_mb_of_the_card(system):
    _, settings = system
    assert settings() == {"Storage": "persistent", "SystemMaxUse": "64M"}


def test_who_wants_the_journal_in_memory_gets_it_by_the_command_in_the_file(system):
    root, settings = system
    opt_out(JOURNAL, root)
    assert settings() == {"Storage": "volatile"}


def test_the_wi_fi_does_not_sleep_unless_a_connection_says_so():
    read = configparser.ConfigParser()
    read.read(WIFI)
    assert {name: dict(read[name]) for name in read.sections()} == {
        "connection": {"wifi.powersave": "2"}
    }


def test_who_wants_the_wi_fi_to_sleep_leaves_a_file_that_network_manager_reads(system):
    """It does not start with a link to /dev/null there: not a regular file."""
    root, _ = system
    opt_out(WIFI, root)
    mask = root / "etc/NetworkManager/conf.d" / WIFI.name
    assert mask.is_file()
    assert mask.read_text() == ""
