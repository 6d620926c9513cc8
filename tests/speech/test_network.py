# SPDX-License-Identifier: MIT
"""How others reach the box: found at once, or not at all."""

import ipaddress
import socket
import time

import pytest

from appliance.speech import network
from appliance.speech.network import Wifi, in_use
from tests.rig.waiting import in_loop


def test_the_address_is_one_of_this_machine_and_not_of_the_loopback():
    found = network.address()
    if found is None:
        pytest.skip("no network here")
    assert not ipaddress.ip_address(found).is_loopback
    with socket.socket() as listening:
        listening.bind((found, 0))


def test_without_a_way_to_elsewhere_it_is_that_of_a_card(monkeypatch):
    monkeypatch.setattr(network, "_ELSEWHERE", ("255.255.255.255", 9))
    monkeypatch.setattr(network, "_cards", lambda: ["none", "lo"])
    assert network.address() == "127.0.0.1"
    monkeypatch.setattr(network, "_cards", lambda: ["none", 40 * "x", ""])
    assert network.address() is None


def test_the_name_is_the_one_that_the_local_network_knows(monkeypatch, tmp_path):
    monkeypatch.setattr(socket, "gethostname", lambda: "kitchen")
    monkeypatch.setattr(network, "_AVAHI", tmp_path)
    assert network.host_name() == "kitchen.local"
    monkeypatch.setattr(network, "_AVAHI", tmp_path / "missing")
    assert network.host_name() == "kitchen"
    monkeypatch.setattr(socket, "gethostname", lambda: "kitchen.example.org")
    assert network.host_name() == "kitchen.example.org"


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        (" :90:Neighbour\n*:72:Home\n", Wifi("Home", 72)),
        ("*:5:With: a colon", Wifi("With: a colon", 5)),
        (" :90:Neighbour\n", None),
        ("*:72:\n*\n*:\n*:x:Home\n*:-1:Home", None),
        ("", None),
        ("Error: NetworkManager is not running.", None),
    ],
)
def test_the_wifi_is_the_network_in_use(listed, found):
    assert in_use(listed) == found


@in_loop
async def test_networkmanager_is_asked(false_nmcli):
    false_nmcli(
        '[ "$*" = "-t -e no -f IN-USE,SIGNAL,SSID device wifi list --rescan no"'
        ' ] && echo "*:61:Home"'
    )
    assert await network.wifi() == Wifi("Home", 61)


@in_loop
async def test_a_networkmanager_that_hangs_is_not_waited_for(false_nmcli):
    false_nmcli("sleep 60 & sleep 60")
    before = time.monotonic()
    assert await network.wifi(limit_s=0.3) is None
    assert time.monotonic() - before < 1.0


@in_loop
async def test_without_networkmanager_there_is_no_wifi(false_nmcli, monkeypatch):
    false_nmcli("exit 8")
    assert await network.wifi() is None
    monkeypatch.setenv("PATH", "/nonexistent")
    assert await network.wifi() is None
