# SPDX-License-Identifier: MIT
"""A time limit for every test, and a sound card for each that asks for one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.simulator.virtual_card import VirtualCard
from appliance.simulator.virtual_machine import VirtualMachine
from tests.rig.time_limit import (
    pytest_collection,
    pytest_runtest_protocol,
    pytest_unconfigure,
)

__all__ = ["pytest_collection", "pytest_runtest_protocol", "pytest_unconfigure"]


@pytest.fixture(scope="session")
def plugin_cache(tmp_path_factory) -> Path:
    """Where the card's plugin is built, once."""
    return tmp_path_factory.mktemp("plugin")


@pytest.fixture
def make_virtual_card(
    tmp_path, plugin_cache, monkeypatch
) -> Iterator[Callable[..., VirtualCard]]:
    """Makes this process's sound card; the last one made counts."""
    made: list[VirtualCard] = []

    def make(**options: object) -> VirtualCard:
        directory = tmp_path / f"card-{len(made)}"
        made.append(VirtualCard(directory, cache=plugin_cache, **options))
        for name, value in made[-1].environment.items():
            monkeypatch.setenv(name, value)
        return made[-1]

    yield make
    for card in made:
        card.close()


@pytest.fixture
def virtual_card(make_virtual_card) -> VirtualCard:
    """A card that takes any rate, in s16le mono."""
    return make_virtual_card()


@pytest.fixture
def machine(tmp_path, plugin_cache, monkeypatch) -> VirtualMachine:
    """A machine without sound cards, into which any may be plugged."""
    machine = VirtualMachine(tmp_path / "machine", cache=plugin_cache)
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    return machine
