# SPDX-License-Identifier: MIT
"""The language of the box: configured, of the locale, or of the keyboard."""

from typing import get_args

import pytest

from appliance.config.sections import Language
from appliance.speech.language import LANGUAGES, language


@pytest.fixture
def keyboard(tmp_path):
    return tmp_path / "keyboard"


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "pt_BR.ISO-8859-1"}, "pt"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "it_IT.UTF-8", "LC_ALL": "", "LC_MESSAGES": "nl_NL"}, "nl"),
        ({"LANG": "C"}, "pl"),
        ({"LANG": "C.UTF-8"}, "pl"),
        ({"LANG": "POSIX"}, "pl"),
        ({"LANG": "sv_SE.UTF-8"}, "pl"),
        ({"LANG": "../../etc/passwd"}, "pl"),
        ({"LANG": "_@.\udcff"}, "pl"),
        ({}, "pl"),
    ],
)
def test_auto_is_the_locale_and_where_that_says_nothing_the_keyboard(
    keyboard, environment, code
):
    keyboard.write_text('XKBMODEL="pc105"\nXKBLAYOUT="pl,us"\n')
    assert language("auto", environment, keyboard) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("XKBLAYOUT=gb", "en"),
        ("XKBLAYOUT='ua'", "uk"),
        ('# XKBLAYOUT="de"\nXKBLAYOUT="ch"', "de"),
        ('XKBLAYOUT=""', None),
        ('XKBLAYOUT="se"', None),
        ("XKBLAYOUT", None),
        ("\0\xff", None),
    ],
)
def test_the_keyboard_tells_by_its_first_layout(keyboard, text, code):
    keyboard.write_text(text)
    assert language("auto", {}, keyboard) == code


def test_what_is_configured_wins(keyboard):
    keyboard.write_text('XKBLAYOUT="pl"')
    for code in LANGUAGES:
        assert language(code, {"LC_ALL": "it_IT"}, keyboard) == code


def test_a_machine_that_does_not_tell_has_none(tmp_path):
    assert language("auto", {}, tmp_path / "missing") is None
    assert language("auto", {}, tmp_path) is None


def test_all_of_them_and_auto_can_be_configured():
    assert get_args(Language) == ("auto", *LANGUAGES)
