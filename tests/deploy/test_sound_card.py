# SPDX-License-Identifier: MIT
"""deploy/bin/sound-card on a boot partition that others have written to, too."""

import shutil
import subprocess

import pytest

from docs.generate.documents import DEPLOY, ROOT

SHIPPED = "# For more options\ndtparam=audio=on\n[cm4]\notg_mode=1\n"
OVERLAY = b"compiled"


@pytest.fixture
def boot(tmp_path):
    directory = tmp_path / "boot"
    (directory / "overlays").mkdir(parents=True)
    (directory / "config.txt").write_text(SHIPPED)
    return directory


@pytest.fixture
def sound_card(tmp_path, boot):
    share = tmp_path / "share"
    (share / "overlays").mkdir(parents=True)
    (share / "overlays" / "voice-appliance.dtbo").write_bytes(OVERLAY)
    shutil.copytree(ROOT / "hw" / "config.txt.d", share / "config.txt.d")
    shutil.copy(DEPLOY / "bin" / "sound-card", share)

    def run(kit):
        return subprocess.run(
            [share / "sound-card", kit, boot], capture_output=True, text=True
        )

    return run


def in_force(boot) -> list[str]:
    """The settings of config.txt that every Pi obeys."""
    lines, everywhere = [], True
    for line in (boot / "config.txt").read_text().splitlines():
        if line.startswith("["):
            everywhere = line == "[all]"
        elif everywhere and line and not line.startswith("#"):
            lines.append(line)
    return lines


@pytest.mark.parametrize("shipped", [SHIPPED, SHIPPED.rstrip("\n"), ""])
def test_what_was_there_stays_and_the_overlay_is_for_every_pi(
    sound_card, boot, shipped
):
    (boot / "config.txt").write_text(shipped)
    assert sound_card("inmp441-max98357a").returncode == 0
    assert (boot / "config.txt").read_text().startswith(shipped)
    assert in_force(boot)[-1] == "dtoverlay=voice-appliance"
    assert (boot / "overlays" / "voice-appliance.dtbo").read_bytes() == OVERLAY


def test_the_second_time_it_changes_nothing_and_says_nothing(sound_card, boot):
    first = sound_card("wm8960")
    config = (boot / "config.txt").read_text()
    again = sound_card("wm8960")
    assert "changed for wm8960" in first.stdout
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (boot / "config.txt").read_text() == config


def test_another_kit_takes_the_place_of_the_first(sound_card, boot):
    sound_card("inmp441-max98357a")
    with (boot / "config.txt").open("a") as file:
        file.write("[all]\ngpu_mem=16\n")
    sound_card("wm8960")
    wm8960 = ["dtparam=i2c_arm=on", "dtoverlay=wm8960-soundcard"]
    assert in_force(boot) == ["dtparam=audio=on", "gpu_mem=16", *wm8960]
    sound_card("usb")
    assert in_force(boot) == ["dtparam=audio=on", "gpu_mem=16"]


def test_a_line_written_by_hand_is_enough(sound_card, boot):
    by_hand = SHIPPED + "[all]\r\ndtoverlay=googlevoicehat-soundcard\r\n"
    (boot / "config.txt").write_bytes(by_hand.encode())
    assert sound_card("voicehat").stdout == ""
    assert (boot / "config.txt").read_bytes() == by_hand.encode()


def test_a_line_for_another_pi_is_not_enough(sound_card, boot):
    (boot / "config.txt").write_text("[pi5]\ndtoverlay=hifiberry-dac\n")
    sound_card("hifiberry-dac")
    assert in_force(boot) == ["dtoverlay=hifiberry-dac"]


def test_a_newer_overlay_is_taken(sound_card, boot):
    sound_card("inmp441-max98357a")
    (boot / "overlays" / "voice-appliance.dtbo").write_bytes(b"older")
    assert "voice-appliance.dtbo: written" in sound_card("inmp441-max98357a").stdout
    assert (boot / "overlays" / "voice-appliance.dtbo").read_bytes() == OVERLAY


@pytest.mark.parametrize("kit", ["", "wm8961"])
def test_an_unknown_kit_is_refused_with_the_known_ones(sound_card, boot, kit):
    ended = sound_card(kit)
    assert ended.returncode == 2
    known = "hifiberry-dac inmp441-max98357a max98357a usb voicehat wm8960"
    assert ended.stderr == f"sound-card: '{kit}': expected one of {known}\n"


def test_what_is_no_boot_partition_is_left_alone(sound_card, boot):
    (boot / "config.txt").unlink()
    ended = sound_card("wm8960")
    assert (ended.returncode, list(boot.glob("*.txt"))) == (2, [])
    assert "there is no config.txt" in ended.stderr
