# SPDX-License-Identifier: MIT
"""What has failed lately, with time and what to do."""

import os
import time

import pytest

from appliance.core.signals import TABLE, Signal
from appliance.doctor import failures as examined_failures
from appliance.doctor.checks import CHECKS
from appliance.doctor.report import as_line
from appliance.service import failures
from appliance.service.failures import Failure
from tests.doctor.fixture import OK, SKIP, box, examined
from tests.service.test_failures import a_failure

FOLDER = "var/lib/voice-appliance"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """What the doctor finds where the service has kept that."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    (tmp_path / FOLDER).mkdir(parents=True)
    path = tmp_path / FOLDER / failures.NAME

    def look(content=None):
        if callable(content):
            content(path)
        elif content is not None:
            path.write_text(failures.text(content))
        return examined(examined_failures.examine_failures, box(tmp_path, commands={}))

    yield look
    monkeypatch.undo()
    time.tzset()


def test_a_box_that_never_failed_is_told_so(kept):
    for found in (kept(), kept(())):
        assert (found.verdict, found.text) == (OK, "none")


def test_each_has_its_time_its_reason_and_what_to_do(kept):
    at_s = 1_796_000_000
    speaker = Failure(
        at_s=at_s, situation=Signal.SPEAKER.value, reason="its clock stopped", times=3
    )
    unset = Failure(at_s=7, situation=Signal.NETWORK.value, reason="", times=1)
    found = kept((unset, speaker))
    assert (found.verdict, found.figures) == (OK, {"failures": 2})
    assert found.lines == (
        f"before the clock was set  no network. {TABLE[Signal.NETWORK].advice}",
        "2026-11-30 01:53  speaker (its clock stopped), 3 times. "
        f"{TABLE[Signal.SPEAKER].advice}",
    )
    check = next(check for check in CHECKS if check.section == "failures")
    assert as_line(check, found).splitlines()[2] == f"      {found.lines[1]}"


def test_what_another_version_has_kept_is_shown_as_it_is(kept):
    (line,) = kept((a_failure("why"),)).lines
    assert line == "before the clock was set  x (why). "


@pytest.mark.parametrize(
    ("plant", "text", "mend"),
    [
        (os.mkfifo, "not a regular file", "sudo rm -r /"),
        (lambda path: path.write_text("x"), "not valid TOML", "sudo rm /"),
    ],
)
def test_what_is_no_such_file_is_a_line_with_what_to_do(kept, plant, text, mend):
    found = kept(plant)
    assert found.verdict is SKIP
    assert text in found.text
    assert found.mend.startswith(f"{mend}{FOLDER}")


def test_who_may_not_see_the_file_is_told_how_he_can(kept, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(failures, "read", denied)
    assert kept().mend == "sudo voice-appliance doctor"
