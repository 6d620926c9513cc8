# SPDX-License-Identifier: MIT
"""The systemd units: understood, locked down, and right about the program."""

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.basics.errors import EXIT_CONFIG
from appliance.cli import parser
from appliance.config import provisioning
from appliance.config.endpoint import CREDENTIALS, KEY_NAME
from appliance.config.file import DEFAULT_PATH
from appliance.config.provisioning import CONFIG_NAME, CREDENTIAL_PATH
from docs.generate.documents import DEPLOY

SYSTEMD = DEPLOY / "systemd"
UNIT, PROVISION, KEY = UNITS = [
    SYSTEMD / f"voice-appliance{part}.service" for part in ("", "-provision", "-key")
]
#: Tenths, as systemd-analyze wants it.
MOST_EXPOSED = 13


def read(path: Path) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(path)
    return unit


@pytest.fixture
def service():
    return read(UNIT)["Service"]


def analyze(*arguments) -> tuple[int, str]:
    ended = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_systemd_accepts_the_units_without_a_word(tmp_path):
    """With the program of this checkout, as /usr/bin has none on a test machine."""
    program = Path(sys.executable).with_name("voice-appliance")
    for unit in UNITS:
        text = unit.read_text().replace("/usr/bin/voice-appliance", str(program))
        (tmp_path / unit.name).write_text(text)
    assert analyze("verify", "--man=no", *tmp_path.iterdir()) == (0, "")


def test_a_reload_checks_the_file_before_the_service_hears_of_it():
    lines = [ln for ln in UNIT.read_text().splitlines() if ln.startswith("ExecReload=")]
    check, tell = [line.removeprefix("ExecReload=").split() for line in lines]
    assert parser().parse_args(check[1:]).check == DEFAULT_PATH
    assert tell == ["/bin/kill", "-HUP", "$MAINPID"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_units_are_hardly_exposed(unit):
    code, verdict = analyze(
        "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit
    )
    assert code == 0, verdict


@pytest.mark.parametrize("unit", [PROVISION, KEY], ids=lambda unit: unit.stem)
def test_what_runs_as_root_has_no_network_and_writes_for_root_only(unit):
    service = read(unit)["Service"]
    assert "User" not in service
    assert service["PrivateNetwork"] == "yes"
    assert service["IPAddressDeny"] == "any"
    assert service["UMask"] == "0077"
    assert service["CapabilityBoundingSet"] == ""


def test_the_unit_starts_the_service_and_is_told_when_it_is_ready(service):
    assert service["ExecStart"] == "/usr/bin/voice-appliance run"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    assert int(service["WatchdogSec"]) > 0


def test_the_unit_never_gives_up(service):
    assert read(UNIT)["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["Restart"] == "always"
    assert int(service["RestartSec"]) >= 2


def test_the_unit_does_not_restart_on_a_configuration_error(service):
    assert service["RestartPreventExitStatus"] == str(EXIT_CONFIG)


def test_the_unit_runs_unprivileged(service):
    assert service["User"] == "voice-appliance"
    assert service["SupplementaryGroups"].split() == ["audio", "gpio"]
    assert service["CapabilityBoundingSet"] == ""
    allowed = "\n".join(ln for ln in UNIT.read_text().splitlines() if "Allow=" in ln)
    assert allowed == "DeviceAllow=char-alsa rw\nDeviceAllow=char-gpiochip rw"


def test_the_service_sees_neither_a_key_that_waits_nor_what_a_tool_would_leave(service):
    hidden = [p.removeprefix("-") for p in service["InaccessiblePaths"].split()]
    boot = shlex.split(read(PROVISION)["Service"]["ExecStart"])[-1]
    for place in (boot, "/dev/shm", "/var/tmp"):
        assert any(Path(place).is_relative_to(path) for path in hidden), place
    assert service["PrivateTmp"] == service["ProtectHome"] == "yes"
    assert service["LimitCORE"] == "0"


def test_what_the_service_keeps_is_its_own(service):
    assert service["StateDirectory"] == "voice-appliance"
    assert service["StateDirectoryMode"] == "0700"


def test_the_unit_loads_the_keys_that_the_service_looks_for(service):
    loaded = service["LoadCredentialEncrypted"], service["LoadCredential"]
    assert loaded == CREDENTIALS
    assert Path("/etc/credstore.encrypted", KEY_NAME) == CREDENTIAL_PATH


def test_a_key_is_looked_at_before_each_start_of_the_service():
    """With one that cannot be decrypted systemd would not start it."""
    unit = read(KEY)
    assert read(UNIT)["Unit"]["Wants"] == KEY.name
    assert unit["Unit"]["Before"] == UNIT.name
    # Else it would run at the first start only.
    assert "RemainAfterExit" not in unit["Service"]


def _set_aside(directory, *, decrypts, once="."):
    """What the key's unit does in `directory`, where systemd-creds takes what holds
    `decrypts`, as soon as there is a file `once`."""
    program = directory / "systemd-creds"
    program.write_text(f'#!/bin/sh\n[ -e {once} ] && grep -q "{decrypts}" "$3"\n')
    program.chmod(0o755)
    if once == ".":
        (directory / "sleep").symlink_to("/bin/true")
    unit = read(KEY)["Service"]
    for order in (unit["ExecStartPre"].removeprefix("-"), unit["ExecStart"]):
        subprocess.run(
            shlex.split(order),
            cwd=directory,
            env={"PATH": f"{directory}:/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    return {path.name: path.read_text() for path in directory.glob("gemini*")}


def test_a_key_that_cannot_be_decrypted_is_set_aside(tmp_path):
    (tmp_path / "gemini-api-key").write_text("foreign")
    after = _set_aside(tmp_path, decrypts="ours")
    assert after == {"gemini-api-key.undecryptable": "foreign"}


def test_a_key_that_was_set_aside_is_used_once_it_can_be_decrypted(tmp_path):
    (tmp_path / "gemini-api-key.undecryptable").write_text("ours")
    assert _set_aside(tmp_path, decrypts="ours") == {"gemini-api-key": "ours"}


def test_a_newer_key_is_never_replaced_by_the_one_that_was_set_aside(tmp_path):
    (tmp_path / "gemini-api-key").write_text("ours, newer")
    (tmp_path / "gemini-api-key.undecryptable").write_text("ours, older")
    after = _set_aside(tmp_path, decrypts="ours")
    assert after["gemini-api-key"] == "ours, newer"


def test_a_key_that_fails_only_at_first_is_kept(tmp_path):
    (tmp_path / "gemini-api-key").write_text("ours")
    # The TPM is ready once somebody has waited.
    (tmp_path / "sleep").write_text("#!/bin/sh\ntouch ready\n")
    (tmp_path / "sleep").chmod(0o755)
    assert _set_aside(tmp_path, decrypts="ours", once="ready") == {
        "gemini-api-key": "ours"
    }


def test_nothing_but_the_credentials_may_hold_a_key():
    assert "GEMINI_API_KEY" not in UNIT.read_text() + PROVISION.read_text()


def test_provisioning_looks_for_the_files_before_the_service_starts():
    unit = read(PROVISION)
    conditions = [
        line.partition("=|/boot/firmware/")[2]
        for line in PROVISION.read_text().splitlines()
        if line.startswith("ConditionPathExists")
    ]
    names = [CONFIG_NAME, f"{CONFIG_NAME}.txt", KEY_NAME, f"{KEY_NAME}.txt"]
    assert conditions == names
    assert unit["Unit"]["Before"] == UNIT.name
    program = "/usr/bin/voice-appliance config --provision /boot/firmware"
    assert unit["Service"]["ExecStart"] == program


def test_what_one_of_two_files_brought_is_used_even_if_the_other_was_rejected():
    """ExecStartPost= would not run then (man systemd.service)."""
    restart = f"systemctl --no-block try-restart {UNIT.name}"
    assert read(PROVISION)["Service"]["ExecStopPost"] == restart


def test_provisioning_does_not_hold_the_service_for_ever():
    limit_s = int(read(PROVISION)["Service"]["TimeoutStartSec"])
    assert 2 * provisioning.ENCRYPT_LIMIT_S < limit_s <= 120
