# SPDX-License-Identifier: MIT
"""The overlay, compiled and applied to the device trees of real Pis."""

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.hardware.card import Choice
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_machine import Form
from docs.generate import pins
from tests.hw.debian_kernel import SYMBOLS, debian_trees, label
from tests.rig.waiting import in_loop

HW = Path(__file__).parents[2] / "hw"
OVERLAY = HW / "overlays" / "voice-appliance.dts"
BOARDS = ["bcm2837-rpi-zero-2-w", "bcm2837-rpi-3-b-plus", "bcm2711-rpi-4-b"]
SOUND = "/voicebox-sound"


def run(*command: object) -> str:
    return subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Path:
    overlay = tmp_path_factory.mktemp("overlay") / "voice-appliance.dtbo"
    run("dtc", "-@", "-I", "dts", "-O", "dtb", "-o", overlay, OVERLAY)
    return overlay


@pytest.fixture(scope="session", params=BOARDS)
def base(request, tmp_path_factory) -> Path:
    """Debian's tree, with the two labels that the Pi's kernel compiles in."""
    tree = tmp_path_factory.mktemp("base") / f"{request.param}.dtb"
    shutil.copy(debian_trees() / tree.name, tree)
    label(tree)
    return tree


@pytest.fixture
def merged(base, compiled, tmp_path) -> Path:
    tree = tmp_path / "merged.dtb"
    run("fdtoverlay", "-i", base, "-o", tree, compiled)
    return tree


def words(tree: Path, node: str, name: str) -> list[str]:
    return run("fdtget", tree, node, name).split()


def phandle(tree: Path, node: str) -> str:
    return run("fdtget", tree, node, "phandle")


def test_it_compiles_without_a_warning(tmp_path):
    done = subprocess.run(
        ["dtc", "-@", "-O", "dtb", "-o", tmp_path / "overlay.dtbo", OVERLAY],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_asks_only_for_labels_that_every_pi_kernel_has(compiled):
    assert set(run("fdtget", "-p", compiled, "/__fixups__").split()) == set(SYMBOLS)


def test_it_switches_i2s_on(merged, base):
    assert words(base, SYMBOLS["i2s_clk_producer"], "status") == ["disabled"]
    assert words(merged, SYMBOLS["i2s_clk_producer"], "status") == ["okay"]


@in_loop
async def test_the_service_finds_both_devices_of_the_merged_tree(merged, machine):
    """simple-card numbers the devices in the order of the links in the tree."""
    assert words(merged, SOUND, "compatible") == ["simple-audio-card"]
    (card_id,) = words(merged, SOUND, "simple-audio-card,name")
    links = [n for n in run("fdtget", "-l", merged, SOUND).split() if "dai-link" in n]
    parts = {"0": "speaker", "1": "microphone"}
    forms = {
        parts[link[-1]]: Form(48_000, 2, "S32_LE", device)
        for device, link in enumerate(links)
    }
    machine.plug_in(card_id, driver="simple-card", **forms)
    sound = AlsaCard(machine.proc)
    for direction, part in (("capture", "microphone"), ("playback", "speaker")):
        selected = await sound.select(direction, Choice())
        hardware = f"hw:CARD={card_id},DEV={forms[part].device}"
        assert selected.endpoint.hardware == hardware
        assert selected.endpoint.shares_clock


@pytest.mark.parametrize(
    ("link", "codec", "driver"),
    [
        (0, "/voicebox-amplifier", "maxim,max98357a"),
        (1, "/voicebox-microphone", "invensense,ics43432"),
    ],
)
def test_each_link_joins_the_pis_i2s_to_its_part(merged, link, codec, driver):
    node = f"{SOUND}/simple-audio-card,dai-link@{link}"
    cpu, part = (
        words(merged, f"{node}/{end}", "sound-dai") for end in ("cpu", "codec")
    )
    assert words(merged, node, "reg") == [str(link)]
    assert words(merged, node, "format") == ["i2s"]
    assert cpu == [phandle(merged, SYMBOLS["i2s_clk_producer"])]
    assert part == [phandle(merged, codec)]
    assert words(merged, codec, "compatible") == [driver]
    for clock in ("bitclock-master", "frame-master"):
        assert words(merged, node, clock) == [phandle(merged, f"{node}/cpu")]


def test_device_0_plays_and_device_1_captures(merged):
    """simple-card numbers the links in the order of the merged tree, whatever `reg`
    is (sound/soc/generic/simple-card-utils.c); seen on an emulated Pi 3."""
    nodes = run("fdtget", "-l", merged, SOUND).split()
    links = [node for node in nodes if "dai-link" in node]
    codecs = [words(merged, f"{SOUND}/{link}/codec", "sound-dai") for link in links]
    assert codecs == [
        [phandle(merged, "/voicebox-amplifier")],
        [phandle(merged, "/voicebox-microphone")],
    ]


def test_the_amplifier_is_silenced_by_the_pin_of_the_table(merged):
    (wire,) = (w for w in pins.wires() if (w.part, w.pad) == ("amplifier", "SD"))
    gpio = words(merged, "/voicebox-amplifier", "sdmode-gpios")
    assert gpio == [phandle(merged, SYMBOLS["gpio"]), str(wire.gpio), "0"]
    assert words(merged, "/voicebox-amplifier", "sdmode-delay") == ["5"]


def test_nothing_else_of_the_tree_is_touched(merged, base):
    before, after = (
        set(run("dtc", "-q", "-s", "-I", "dtb", "-O", "dts", tree).splitlines())
        for tree in (base, merged)
    )
    assert before - after == set()
