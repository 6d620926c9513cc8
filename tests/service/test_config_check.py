# SPDX-License-Identifier: MIT
"""What is allowed, and still worth a word: pointless keys, unusable tools."""

import pytest

from appliance.service.config import Config, load
from appliance.service.config_check import without_effect, wrong_tools

LAMP = """\
name = "lamp"
description = "Switches the lamp."
command = ["true"]
"""


@pytest.fixture
def written(tmp_path):
    def config(text: str) -> Config:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return load(path)

    return config


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("[vad]\nsilence_ms = 500\n", ["[vad] silence_ms"]),
        ('[turns]\necho = "full-duplex"\n', ["[turns] echo"]),
        ('[turns]\nmode = "server-vad"\necho = "full-duplex"\n', []),
        (
            '[turns]\nmode = "server-vad"\nhold_limit_s = 30\n[vad]\nsilence_ms = 9\n',
            ["[turns] hold_limit_s"],
        ),
        (
            '[button]\nmode = "toggle"\n[turns]\nmode = "server-vad"\n',
            ["[button] mode"],
        ),
        (
            '[turns]\nmode = "client-content"\n[live]\nturn_coverage = ""\n',
            ["[live] turn_coverage"],
        ),
    ],
)
def test_a_key_that_another_makes_pointless_is_named(written, text, keys):
    lines = without_effect(written(text))
    assert [line.partition(" has no effect: [turns] mode = ")[0] for line in lines] == (
        keys
    )


def test_a_pre_roll_without_a_microphone_that_is_open_is_named(written):
    text = '[microphone]\nopen = "while-held"\npre_roll_ms = 500\n'
    assert without_effect(written(text)) == [
        '[microphone] pre_roll_ms has no effect: [microphone] open = "while-held"; '
        "change that, or leave this out"
    ]


def test_tools_that_cannot_be_used_are_told_one_by_one(tmp_path):
    (tmp_path / "a.toml").write_text(LAMP)
    (tmp_path / "b.toml").write_text(LAMP)
    (tmp_path / "c.toml").write_text("name = 3\n")
    settings = Config().tools.changed(directory=str(tmp_path))
    same, number = wrong_tools(settings)
    assert same == f"{tmp_path}/b.toml: name = 'lamp': another tool has that name"
    assert number.startswith(f"{tmp_path}/c.toml: name = 3: expected text")


def test_a_directory_of_tools_that_is_not_there_is_told_if_it_was_asked_for(tmp_path):
    settings = Config().tools.changed(directory=str(tmp_path / "none"))
    (line,) = wrong_tools(settings)
    assert line.startswith("[tools] directory = ")
    assert line.endswith(": there is no directory")
