# SPDX-License-Identifier: MIT
"""What chance and the environment would otherwise have a say in."""

import random

import pytest

from appliance.live import link


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def impatient(monkeypatch):
    """The back-off is always as short as chance allows."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.fixture
def patient(monkeypatch):
    """The back-off outlasts any test."""
    monkeypatch.setattr(link, "_BACK_OFF_S", (1000.0, 1000.0))
    monkeypatch.setattr(random, "random", lambda: 1.0)
