# SPDX-License-Identifier: MIT
"""Board, cards, permissions, health, Wi-Fi, clock: on the files of a Pi."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.config.file import Config
from appliance.core.signals import Signal
from appliance.doctor import board, cards, clock, health, network, permissions, speaker
from appliance.doctor.context import service_runs
from appliance.doctor.machine import TIMED_OUT, Machine, Ran, run
from tests.doctor.fixture import (
    COMMANDS,
    CONFIG,
    FAIL,
    OK,
    PI,
    SKIP,
    box,
    examined,
    plant,
)


@pytest.fixture
def pi(tmp_path):
    """Examines a Pi after `changes` to its files and commands."""

    def look(examine, changes=None, commands=None, config=CONFIG):
        files = {**PI, **(changes or {})}
        for name in [name for name, text in files.items() if text == "gone"]:
            del files[name]
        root = plant(tmp_path, files)
        context = box(root, commands={**COMMANDS, **(commands or {})}, config=config)
        return examined(examine, context)

    return look


def test_the_board_and_its_system_are_named(pi):
    found = pi(board.examine_board)
    assert found.verdict is OK
    assert found.text == (
        "Raspberry Pi Zero 2 W Rev 1.0, Debian GNU/Linux 13 (trixie), "
        "Linux 6.12.47+rpt-rpi-v8"
    )


def test_an_old_system_fails_and_is_to_be_written_anew(pi):
    release = 'PRETTY_NAME="Raspbian GNU/Linux 11 (bullseye)"\nVERSION_ID="11"\n'
    found = pi(board.examine_board, {"etc/os-release": release})
    assert (found.verdict, found.figures["release"]) == (FAIL, "11")
    assert "Raspberry Pi OS 12 or newer" in found.mend


def test_another_board_is_no_failure(pi):
    found = pi(board.examine_board, {"proc/device-tree/model": "gone"})
    assert found.verdict is SKIP


def test_this_very_machine_is_named():
    found = examined(board.examine_board, box())
    assert os.uname().release in found.text


def test_the_overlay_and_its_driver_are_there(pi):
    found = pi(board.examine_overlay)
    assert found.verdict is OK
    assert found.text.startswith("googlevoicehat,googlevoicehat-soundcard is loaded")


@pytest.mark.parametrize(
    ("changes", "text", "mend"),
    [
        (
            {"sys/bus/platform/devices/soc:sound/driver/uevent": "gone"},
            "no driver has taken it",
            "dmesg",
        ),
        (
            {
                "sys/bus/platform/devices/soc:sound/of_node/compatible": "gone",
                "sys/bus/platform/devices/soc:sound/driver/uevent": "gone",
            },
            "googlevoicehat-soundcard is in config.txt, but not loaded",
            "sudo reboot",
        ),
        (
            {
                "sys/bus/platform/devices/soc:sound/of_node/compatible": "gone",
                "sys/bus/platform/devices/soc:sound/driver/uevent": "gone",
                "boot/firmware/config.txt": "dtoverlay=vc4-kms-v3d\n",
            },
            "config.txt has no overlay for a sound card",
            "sound-card inmp441-max98357a; sudo reboot",
        ),
    ],
)
def test_an_overlay_that_is_missing_or_dead_fails(pi, changes, text, mend):
    found = pi(board.examine_overlay, changes)
    assert found.verdict is FAIL
    assert text in found.text
    assert mend in found.mend


def test_a_usb_card_needs_no_overlay(pi):
    changes = {
        "sys/bus/platform/devices/soc:sound/of_node/compatible": "gone",
        "sys/bus/platform/devices/soc:sound/driver/uevent": "gone",
        "boot/firmware/config.txt": "gone",
        "boot/config.txt": "",
        "proc/asound/card1/usbid": "0d8c:0014\n",
    }
    assert pi(board.examine_overlay, changes).verdict is OK


def test_without_the_firmwares_config_there_is_nothing_to_tell(pi):
    changes = {
        "boot/firmware/config.txt": "gone",
        "sys/bus/platform/devices/soc:sound/driver/uevent": "gone",
        "sys/bus/platform/devices/soc:sound/of_node/compatible": "gone",
    }
    assert pi(board.examine_overlay, changes).verdict is SKIP


def test_the_cards_are_listed_by_id_with_what_they_do(pi):
    found = pi(cards.examine_cards)
    assert found.verdict is OK
    assert found.text == (
        "vc4hdmi (playback), sndrpigooglevoi (capture, playback); "
        "taken: microphone: microphone, speaker: speaker"
    )
    chosen = pi(cards.examine_cards, config=Config())
    assert chosen.text.endswith(
        "taken: microphone: sndrpigooglevoi, speaker: sndrpigooglevoi"
    )


def test_a_card_that_is_not_there_fails_with_the_setting_that_helps(pi):
    config = Config().changed(speaker=Config().speaker.changed(card="Device"))
    found = pi(cards.examine_cards, config=config)
    assert (found.verdict, found.signal) == (FAIL, Signal.SPEAKER)
    assert "cards that can play: vc4hdmi, sndrpigooglevoi" in found.text
    assert '[speaker] card = "vc4hdmi"' in found.mend


def test_two_cards_of_one_id_are_not_told_apart_by_it(pi):
    line = (
        " {0} [Device         ]: USB-Audio - USB PnP\n                      USB PnP\n"
    )
    twins = {
        "proc/asound/cards": line.format(0) + line.format(1),
        "proc/asound/card0/pcm0c/info": "",
    }
    found = pi(cards.examine_cards, twins, config=Config())
    assert (found.verdict, found.signal) == (FAIL, Signal.MICROPHONE)
    assert "set it to one of Device; see" in found.text
    assert found.mend == "unplug one of the cards that have the same id"


@pytest.mark.parametrize(
    ("changes", "text", "signal"),
    [
        (
            {"proc/asound/cards": "--- no soundcards ---\n"},
            "there is no sound card",
            Signal.MICROPHONE,
        ),
        (
            {"proc/asound/card1/pcm0c/info": "gone"},
            "none of vc4hdmi (playback), sndrpigooglevoi (playback) captures",
            Signal.MICROPHONE,
        ),
        (
            {
                "proc/asound/card0/pcm0p/info": "gone",
                "proc/asound/card1/pcm0p/info": "gone",
            },
            "none of vc4hdmi (nothing), sndrpigooglevoi (capture) plays",
            Signal.SPEAKER,
        ),
    ],
)
def test_a_card_that_is_missing_fails(pi, changes, text, signal):
    found = pi(cards.examine_cards, changes)
    assert (found.verdict, found.text, found.signal) == (FAIL, text, signal)
    assert "doctor --section overlay" in found.mend


def test_a_device_that_goes_by_number_among_several_fails(pi):
    config = CONFIG.changed(microphone=CONFIG.microphone.changed(device="plughw:1,0"))
    found = pi(cards.examine_cards, config=config)
    assert found.verdict is FAIL
    assert '[microphone] card = "sndrpigooglevoi", and no device' in found.mend
    named = config.microphone.changed(device="plughw:CARD=sndrpigooglevoi")
    assert (
        pi(cards.examine_cards, config=config.changed(microphone=named)).verdict is OK
    )


@pytest.mark.parametrize("mode", [0o660, 0o640, 0o600])
def test_devices_are_open_to_their_groups_or_fail(pi, tmp_path, mode):
    own = os.getgid()
    names = ["dev/snd/pcmC1D0c", "dev/snd/pcmC1D0p", "dev/gpiochip0"]
    plant(tmp_path, dict.fromkeys(names, ""))
    for name in names:
        (tmp_path / name).chmod(mode)
    groups = f"audio:x:{own}:\ngpio:x:{own + 1}:\n"
    found = pi(permissions.examine_devices, {"etc/group": groups})
    assert found.verdict is FAIL
    assert "/dev/gpiochip0" in found.text
    assert ("/dev/snd/pcmC1D0c" in found.text) == (mode != 0o660)
    assert "udevadm trigger" in found.mend


def test_all_devices_open_are_counted():
    node = permissions.Node("/dev/snd/pcmC0D0p", "audio", True)
    line = permissions.Node("/dev/gpiochip0", "gpio", True)
    found = permissions.judge_devices({"audio": [node, node], "gpio": [line]})
    assert (found.verdict, found.text[:9]) == (OK, "3 devices")


def test_without_devices_there_is_nothing_to_open(pi):
    found = pi(permissions.examine_devices)
    assert (found.verdict, found.text) == (
        SKIP,
        "there is no /dev/snd/* and no /dev/gpiochip*",
    )


@pytest.mark.parametrize(
    ("said", "verdict", "text", "mend"),
    [
        (Ran(0, b"throttled=0x0\n"), OK, "no undervoltage", ""),
        (
            Ran(0, b"throttled=0x50000\n"),
            FAIL,
            "undervoltage since the start, throt",
            "a better power supply",
        ),
        (Ran(0, b"throttled=0x80008\n"), FAIL, "soft temperature limit now", "give"),
        (Ran(0, b"throttled=0x4\n"), FAIL, "throttled now", "reboot; give the box air"),
        (Ran(255, b"VCHI initialization failed\n"), SKIP, "VCHI", "sudo voice"),
        (None, SKIP, "vcgencmd is not installed", ""),
    ],
)
def test_undervoltage_and_throttling_fail(pi, said, verdict, text, mend):
    found = pi(health.examine_power, commands={"vcgencmd get_throttled": said})
    assert found.verdict is verdict
    assert text in found.text
    assert mend in found.mend


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (Ran(0, b"Power save: off\n"), OK),
        (Ran(0, b"Power save: on\n"), FAIL),
        (Ran(237, b"", "command failed: Operation not supported (-95)"), SKIP),
        (None, SKIP),
    ],
)
def test_wifi_power_save_fails(pi, said, verdict):
    found = pi(network.examine_wifi, commands={"iw dev wlan0 get power_save": said})
    assert found.verdict is verdict
    if said:
        assert "signal -52 dBm" in found.text
    if verdict is FAIL:
        assert found.mend.startswith("sudo iw dev wlan0 set power_save off")


def test_wifi_that_is_down_is_of_no_interest(pi):
    down = {"sys/class/net/wlan0/operstate": "down\n"}
    assert pi(network.examine_wifi, down).text == "no Wi-Fi is in use"


NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "synchronised", "verdict", "signal"),
    [
        (NOW, True, OK, None),
        (NOW, None, SKIP, None),
        (NOW, False, FAIL, Signal.CLOCK),
        (datetime(1970, 1, 1, tzinfo=UTC), None, FAIL, Signal.CLOCK),
    ],
)
def test_a_clock_that_is_not_set_fails(now, synchronised, verdict, signal):
    found = clock.judge_clock(now, synchronised)
    assert (found.verdict, found.signal) == (verdict, signal)


@pytest.mark.parametrize(
    ("said", "synchronised"),
    [
        (Ran(0, b"yes\n"), True),
        (Ran(0, b"no\n"), False),
        (Ran(1, b"", "Failed to connect to bus: Host is down"), None),
        (None, None),
    ],
)
def test_timedatectl_is_asked_whether_the_clock_is_synchronised(pi, said, synchronised):
    command = "timedatectl show --property=NTPSynchronized --value"
    found = pi(clock.examine_clock, commands={command: said})
    assert found.figures["synchronised"] is synchronised


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        (Ran(0, b"active\n"), True),
        (Ran(3, b"activating\n"), True),
        (Ran(3, b"inactive\n"), False),
        (Ran(3, b"failed\n"), False),
        (None, False),
    ],
)
def test_systemd_tells_whether_the_service_runs(said, runs):
    assert service_runs(Machine(Path("/"), lambda command: said)) is runs


def test_a_real_command_leaves_its_output_and_its_last_complaint():
    ran = run(["sh", "-c", "echo out; echo one >&2; echo two >&2; exit 3"])
    assert (ran.code, ran.text, ran.complaint) == (3, "out", "two")
    assert run(["true"]).complaint == "exit code 0"
    assert run(["no-such-command-anywhere"]) is None


def test_a_command_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr("appliance.doctor.machine._LIMIT_S", 0.05)
    ran = run(["sleep", "60"])
    assert (ran.code, ran.complaint) == (TIMED_OUT, "sleep: not done within 0.05 s")


@pytest.mark.parametrize(
    ("ran", "verdict", "text"),
    [
        (Ran(0, b"eSpeak NG text-to-speech: 1.51"), OK, "espeak-ng is installed"),
        (None, SKIP, "espeak-ng is not installed: the box has no words"),
        (Ran(127, b"", "no libespeak-ng.so.1"), FAIL, "no libespeak-ng.so.1"),
    ],
)
def test_without_espeak_ng_there_are_no_words(pi, ran, verdict, text):
    found = pi(speaker.examine_words, commands={"espeak-ng --version": ran})
    assert found.verdict is verdict
    assert text in found.text
    assert ("apt install espeak-ng" in found.mend) is (verdict is not OK)
