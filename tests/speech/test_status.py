# SPDX-License-Identifier: MIT
"""Where the box is, in words: to be written down, and harmless."""

import pytest

from appliance.core.sentences import Sentence
from appliance.speech import status
from appliance.speech.language import LANGUAGES
from appliance.speech.network import Wifi
from appliance.speech.words import words


def test_digits_are_said_one_by_one():
    said = [*status.changing(words("en"), "192.168.1.23", Wifi("Home", 70), 40)]
    assert said == [
        "Address: 1 9 2, 1 6 8, 1, 2 3.",
        "Wi-Fi Home: good.",
        "Volume 40 percent.",
    ]


def test_without_a_network_there_is_less_to_say():
    assert [*status.changing(words("en"), None, None, 0)] == ["Volume 0 percent."]


@pytest.mark.parametrize(
    ("percent", "strength"),
    [(100, "gut"), (55, "gut"), (54, "mittel"), (30, "mittel"), (29, "schwach")],
)
def test_a_weak_signal_is_told(percent, strength):
    said = [*status.changing(words("de"), None, Wifi("Home", percent), 0)]
    assert said[0] == f"WLAN Home: {strength}."


def test_a_name_is_no_order_to_espeak_ng():
    hostile = "--stdout\n[[x]]\x1b[31m\u202e{version}\u2028-f/etc/passwd"
    (wifi, _) = status.changing(words("en"), None, Wifi(hostile, 1), 0)
    host = status.fixed(words("en"), hostile)[Sentence.HOST]
    for text in (wifi, host):
        assert text.isprintable()
        assert len(text.splitlines()) == 1
        assert not set("[]") & set(text)
        assert "{version}" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_dot_has_a_name_in_each_language(code):
    dot = words(code)[Sentence.DOT]
    host = status.fixed(words(code), "kitchen.local")[Sentence.HOST]
    assert f"kitchen {dot} local" in host
