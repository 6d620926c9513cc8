# SPDX-License-Identifier: MIT
"""What the tests of the whole service share."""

from collections.abc import Iterator

import pytest

from appliance.config import outcome
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.own_process import NotifySocket, write_config
from tests.rig.waiting import noise


@pytest.fixture(autouse=True)
def nothing_provisioned(monkeypatch, tmp_path) -> None:
    """Whatever this machine has on its boot partition."""
    monkeypatch.setattr(outcome, "PATH", tmp_path / "no-outcome")


@pytest.fixture
def talkative_card(virtual_card) -> VirtualCard:
    """A card whose microphone hears 30 s that repeat nowhere."""
    virtual_card.say(noise(480_000))
    return virtual_card


@pytest.fixture
def notify(tmp_path) -> Iterator[NotifySocket]:
    """What a process tells systemd."""
    notified = NotifySocket(tmp_path / "notify")
    yield notified
    notified.close()


@pytest.fixture
def config_file(tmp_path) -> str:
    """For the virtual card, with nobody to talk to."""
    return write_config(tmp_path / "config.toml")
