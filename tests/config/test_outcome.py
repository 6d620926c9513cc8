# SPDX-License-Identifier: MIT
"""What the boot partition held is handed to the service, which says it."""

import os

import pytest

from appliance.config import outcome
from appliance.config.endpoint import KEY_NAME
from appliance.config.outcome import Outcome
from appliance.config.provisioning import CONFIG_NAME, Destinations, provision
from appliance.core.sentences import Sentence

GOOD = {KEY_NAME: "AIzaNotToBeSeen", CONFIG_NAME: "[speaker]\ngain = 0.5\n"}
BAD = {KEY_NAME: "no key", CONFIG_NAME: "[speaker]\ngain = 5\n"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, []),
        (GOOD, [Sentence.KEY_TAKEN]),
        ({CONFIG_NAME: GOOD[CONFIG_NAME]}, []),
        (BAD, [Sentence.KEY_UNUSABLE, Sentence.SETTINGS_UNUSABLE]),
        ({**GOOD, f"{KEY_NAME}.txt": "no key"}, [Sentence.KEY_UNUSABLE]),
        ({**BAD, KEY_NAME: "x"}, [Sentence.KEY_TAKEN, Sentence.SETTINGS_UNUSABLE]),
    ],
)
def test_what_came_of_each_file_is_to_be_said(tmp_path, files, said):
    boot, path = tmp_path / "boot", tmp_path / "run" / "outcome"
    boot.mkdir()
    for name, content in files.items():
        (boot / name).write_text(content)
    etc = tmp_path / "etc"
    provision(
        boot,
        Destinations(etc / "config", etc / "key", lambda key: b"encrypted", path),
    )
    found = outcome.read(path)
    assert found.sentences == tuple(said)
    assert found.at_us > 0
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "put",
    [
        lambda path: None,
        lambda path: path.write_bytes(b"\xff\0no-network\nkey taken\n"),
        lambda path: path.write_bytes(b"key-taken\n" * 1000),
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
    ],
)
def test_whatever_else_is_there_is_nothing_to_say(tmp_path, put):
    path = tmp_path / "outcome"
    put(path)
    assert outcome.read(path).sentences == Outcome().sentences


def test_where_it_cannot_be_handed_over_the_files_are_applied_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    boot = tmp_path / "boot"
    boot.mkdir()
    (boot / CONFIG_NAME).write_text(GOOD[CONFIG_NAME])
    path = tmp_path / "file" / "outcome"
    assert provision(boot, Destinations(tmp_path / "config", outcome=path))
