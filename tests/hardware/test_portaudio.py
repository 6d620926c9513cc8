# SPDX-License-Identifier: MIT
import pytest

from appliance.hardware.portaudio import choose

LISTED = {
    "snd_rpi_googlevoicehat: Google voiceHAT (hw:0,0)": 0,
    "USB PnP Sound Device: Audio (hw:1,0)": 1,
    "USB Speaker: Audio (hw:2,0)": 2,
    "default": 3,
    "microphone": 4,
    "microphone_raw": 5,
}


@pytest.mark.parametrize(
    ("device", "index"),
    [
        ("default", 3),
        ("microphone", 4),
        ("USB Speaker: Audio (hw:2,0)", 2),
        ("snd_rpi_googlevoicehat", 0),
        ("USB PnP", 1),
        ("hw:2,0", 2),
    ],
)
def test_a_device_goes_by_its_name_or_a_part_only_one_card_has(device, index):
    assert choose(device, LISTED) == index


@pytest.mark.parametrize("device", ["USB", "micro", "defaul", "hw:7,0"])
def test_a_name_that_fits_several_cards_or_only_begins_a_pcm_is_no_device(device):
    assert choose(device, LISTED) is None
