# SPDX-License-Identifier: MIT
"""What is allowed, and still worth a word: pointless keys, unusable tools."""

import os

import pytest

from appliance.basics.strict_toml import keys
from appliance.config.check import without_effect
from appliance.config.file import Config, live_settings, load
from appliance.config.sections import MODES
from appliance.config.text import declared
from appliance.live.uplink import setup
from appliance.tools import declaration
from appliance.tools.check import user_tools

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


#: Keys that only the service looks at, and another value for each.
ON_THE_WIRE = {
    "[live] turn_coverage": "",
    **{
        f"[vad] {key.name}": "low" if key.value == "" else 100
        for key in keys(Config().vad)
    },
}


@pytest.mark.parametrize("mode", ["activity", "server-vad", "client-content"])
def test_the_setup_message_changes_with_a_key_where_that_says_it_has_an_effect(mode):
    plain = Config().changed(turns=Config().turns.changed(mode=mode))
    sent = setup(live_settings(plain), None)
    for place, value in ON_THE_WIRE.items():
        section, name = place[1:].split("] ")
        table = getattr(plain, section)
        other = plain.changed(**{section: table.changed(**{name: value})})
        has_effect = setup(live_settings(other), None) != sent
        assert has_effect is (mode in declared(MODES)[place]), place


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
    own = user_tools(settings, "config.toml")
    same, number, *missing = own.wrong
    assert own.taken == ["lamp"]
    assert same == f"{tmp_path}/b.toml: name = 'lamp': a.toml has that name"
    assert number.startswith(f"{tmp_path}/c.toml: name = 3: expected letters")
    assert [line.split()[1] for line in missing] == ["description", "command"]


def test_a_directory_of_tools_that_is_not_there_is_told_if_it_was_asked_for(tmp_path):
    settings = Config().tools.changed(directory=str(tmp_path / "none"))
    (line,) = user_tools(settings, "config.toml").wrong
    what = f"[tools] directory = '{tmp_path / 'none'}'"
    assert line == f"config.toml: {what}: there is no directory"


def test_a_directory_of_tools_that_is_no_path_is_one_line():
    settings = Config().tools.changed(directory="/a\0b\n")
    (line,) = user_tools(settings, "config.toml").wrong
    assert line == r"config.toml: [tools] directory = '/a\x00b\n': embedded null byte"


def test_a_file_whose_name_no_terminal_can_show_can_be_written(tmp_path):
    for name in ("\n\udcff", "\n\udcff.toml"):
        os.close(os.open(f"{tmp_path}/{name}", os.O_CREAT))
    own = user_tools(Config().tools.changed(directory=str(tmp_path)), "config.toml")
    assert own.ignored
    assert own.wrong
    assert all(line.isprintable() for line in own.ignored + own.wrong)


def test_a_file_that_is_no_tool_by_its_name_is_told_but_not_a_tools_program(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(declaration, "UNSEEN", ())  # tmp_path is below /tmp
    program = tmp_path / "lamp"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "lamp.toml").write_text(LAMP.replace("true", str(program)))
    (tmp_path / "door.toml.txt").write_text(LAMP)
    own = user_tools(Config().tools.changed(directory=str(tmp_path)), "config.toml")
    assert (own.taken, own.wrong) == (["lamp"], [])
    (line,) = own.ignored
    assert line == f"{tmp_path}/door.toml.txt: ignored: its name does not end in .toml"


@pytest.mark.parametrize("command", ['["{}"]', '["true", "{}"]'])
def test_a_program_that_the_service_does_not_see_is_told(
    tmp_path, monkeypatch, command
):
    program = tmp_path / "lamp"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    # A real one in /home would need rights that a test has not.
    monkeypatch.setattr(declaration, "UNSEEN", (f"{tmp_path}/",))
    text = LAMP.replace('["true"]', command.format(program))
    (tmp_path / "lamp.toml").write_text(text)
    own = user_tools(Config().tools.changed(directory=str(tmp_path)), "config.toml")
    assert own.taken == []
    (line,) = own.wrong
    assert f"{program}: hidden from the service" in line
