# SPDX-License-Identifier: MIT
"""The files that are installed as they are."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.__main__ import EXIT_CONFIG
from appliance.service.endpoint import KEY_NAME

UNIT = Path(__file__).parents[1] / "deploy" / "systemd" / "voice-appliance.service"


@pytest.fixture
def unit():
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(UNIT)
    return unit


@pytest.fixture
def service(unit):
    return unit["Service"]


def test_systemd_accepts_the_unit_without_a_word(tmp_path):
    """With the program of this checkout, as /usr/bin has none on a test machine."""
    program = Path(sys.executable).with_name("voice-appliance")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/voice-appliance", str(program)))
    verdict = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_the_unit_starts_the_service_and_is_told_when_it_is_ready(service):
    assert service["ExecStart"] == "/usr/bin/voice-appliance run"
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert int(service["WatchdogSec"]) > 0


def test_the_unit_never_gives_up(unit, service):
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert int(service["RestartSec"]) >= 2


def test_the_unit_does_not_restart_on_a_configuration_error(service):
    assert service["RestartPreventExitStatus"] == str(EXIT_CONFIG)


def test_the_unit_runs_unprivileged_with_the_key_as_a_credential(service):
    assert service["User"] == "voice-appliance"
    assert service["SupplementaryGroups"].split() == ["audio", "gpio"]
    assert service["LoadCredential"].partition(":")[0] == KEY_NAME
    assert service["CapabilityBoundingSet"] == ""
