# SPDX-License-Identifier: MIT
"""Files of tools.d: what the service is told, and what is said of a bad one."""

import errno
import json
import os
import re
from pathlib import Path

import pytest

from appliance.basics.strict_toml import ConfigError
from appliance.live.tools import Function
from appliance.tools import declaration
from appliance.tools.declaration import UNSEEN, read, read_all

ROOT = Path(__file__).parents[2]

A_NAME = "letters (A-Z, a-z), digits and _, at most 63, not beginning with a digit"
LAMP = """\
name = "lamp"
description = "Switches the lamp."
command = ["/bin/true", "--lamp"]

[parameters]
required = ["on"]

[parameters.properties.on]
type = "boolean"
description = "true for light"

[parameters.properties.colours]
type = "array"
items = { type = "string", enum = ["red", "blue"] }
"""


@pytest.fixture
def file(tmp_path):
    def written(text, name="lamp.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def complaint(path) -> str:
    with pytest.raises(ConfigError) as raised:
        read(path)
    line = str(raised.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_a_file_is_a_function_with_the_services_spelling_of_types(file):
    tool = read(file(LAMP))
    assert (tool.command, tool.time_limit_s) == (("/bin/true", "--lamp"), 10.0)
    function = tool.function()
    assert function == Function(
        "lamp", "Switches the lamp.", function.parameters, blocking=True
    )
    assert json.loads(function.parameters) == {
        "type": "OBJECT",
        "required": ["on"],
        "properties": {
            "on": {"type": "BOOLEAN", "description": "true for light"},
            "colours": {
                "type": "ARRAY",
                "items": {"type": "STRING", "enum": ["red", "blue"]},
            },
        },
    }


def test_a_tool_without_parameters_declares_none(file):
    tool = read(file(LAMP[: LAMP.index("[parameters]")]))
    assert tool.function().parameters == b""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('name = "lamp"\n', "", f"name is missing: expected {A_NAME}"),
        ('"lamp"', '"a lamp"', f"name = 'a lamp': expected {A_NAME}"),
        ('"lamp"', "3", f"name = 3: expected {A_NAME}"),
        ('name = "lamp"', 'nme = "lamp"', 'nme is unknown; did you mean "name"?'),
        ('["/bin/true", "--lamp"]', "[]", "command = []: expected a program"),
        ('["/bin/true", "--lamp"]', '"/bin/true"', "expected list of texts"),
        ('"--lamp"', "3", "command[1] = 3: expected text"),
        (
            "/bin/true",
            "/bin/lamp",
            "command[0] = '/bin/lamp': there is no such program",
        ),
        (
            "/bin/true",
            "/usr/share/voice-appliance/tools.d/lamp",
            "command[0] = '/usr/share/voice-appliance/tools.d/lamp': there is no such",
        ),
        ("/bin/true", "x" * 40, "command[0] = 'xxxxxxxxxxx...': there is no such"),
        (
            "/bin/true",
            "/etc/passwd",
            "command[0] = '/etc/passwd': not executable; chmod",
        ),
        ("/bin/true", "/home/no/lamp", "hidden from the service by its sandbox"),
        ("[parameters]", "time_limit_s = 0\n[parameters]", "from 0.1 to 86400"),
        (
            "[parameters]",
            "time_limit_s = 61\n[parameters]",
            "time_limit_s = 61: at most 60 while the service waits; blocking = false",
        ),
        ('"boolean"', '"bool"', "[parameters.properties.on] type = 'bool': expected"),
        ('"boolean"', "true", "[parameters.properties.on] type = true: expected"),
        (
            '"boolean"',
            '"boolean"\nformt = 1',
            "[parameters.properties.on] 'formt' is unknown",
        ),
        ('type = "boolean"\n', "", "[parameters.properties.on] type is missing"),
        ('["on"]', '["off"]', "[parameters] required = ['off']: expected list of"),
        ('["on"]', '"on"', "[parameters] required = 'on': expected list of"),
        ('["on"]', '["on"]\ntype = "array"', '[parameters] type: expected "object"'),
        (
            'enum = ["red", "blue"]',
            "enum = [1]",
            "[parameters.properties.colours.items] enum = [1]: expected list of texts",
        ),
        (
            'items = { type = "string", enum = ["red", "blue"] }',
            "items = 3",
            "[parameters.properties.colours] items = 3: expected table",
        ),
        (
            "[parameters.properties.on]\n",
            "[parameters.properties]\non = 3\n[other]\n",
            "[other] is unknown",
        ),
        (
            "[parameters.properties.on]",
            "[parameters.properties]\non = 3\n[parameters.properties.off]",
            "[parameters.properties] 'on' = 3: expected table",
        ),
        ('"boolean"', '"array"', "[parameters.properties.on] items is missing"),
        ('"boolean"', '"object"', "[parameters.properties.on] properties is missing"),
        (
            '"boolean"',
            '"boolean"\nproperties = { a = { type = "string" } }',
            "[parameters.properties.on] properties: only an object has some",
        ),
        (
            '"boolean"',
            '"number"\nminimum = nan',
            "[parameters.properties.on] minimum = nan: expected number",
        ),
        (
            '"boolean"',
            '"number"\nmaximum = true',
            "[parameters.properties.on] maximum = true: expected number",
        ),
        ("name =", "name", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_line_with_the_key_and_what_it_takes(
    file, right, wrong, says
):
    assert right in LAMP
    assert says in complaint(file(LAMP.replace(right, wrong, 1)))


def test_a_bottomless_schema_is_refused(file):
    inner = '{ type = "string" }'
    for _ in range(20):
        inner = f'{{ type = "array", items = {inner} }}'
    assert "nested too deeply" in complaint(
        file(LAMP.replace('{ type = "string", enum = ["red", "blue"] }', inner))
    )


def test_dots_in_a_name_are_not_levels(file):
    dotted = f'[parameters.properties."{"a." * 30}"]'
    text = LAMP.replace("[parameters.properties.on]", dotted).replace('["on"]', "[]")
    assert read(file(text)).parameters


def test_a_name_with_a_line_break_is_one_line(file):
    broken = '[parameters.properties."a\\n.b"]\ntype = "no"\n'
    text = LAMP.replace(
        "[parameters.properties.on]", f"{broken}[parameters.properties.on]"
    )
    says = "[parameters.properties.'a\\n.b'] type = 'no': expected"
    assert says in complaint(file(text))


def test_what_is_no_text_is_one_line(file, tmp_path):
    path = file("")
    path.write_bytes(b"\xff\xfe")
    assert complaint(path) == "not UTF-8 text"
    assert complaint(file("#" * 70_000)) == "cannot be read: larger than 65536 bytes"
    (tmp_path / "d.toml").mkdir()
    assert "cannot be read" in complaint(tmp_path / "d.toml")


def test_a_bad_tool_is_left_out_and_the_others_are_not(file, tmp_path, caplog):
    file(LAMP)
    file("name = 3", "broken.toml")
    file(LAMP, "lamp-again.toml")
    file(LAMP.replace('"lamp"', '"set_volume"', 1), "volume.toml")
    file(LAMP, "lamp.toml.off")
    tools = read_all(str(tmp_path))
    assert [tool.name for tool in tools] == ["lamp"]
    assert len(caplog.messages) == 3
    assert all(line.endswith("; this tool is left out") for line in caplog.messages)
    assert "'lamp': lamp-again.toml has that name" in caplog.messages[1]
    assert "'set_volume': a tool that is built in has that name" in caplog.messages[2]


def test_the_shipped_directory_may_be_missing(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(declaration, "_SHIPPED", str(tmp_path / "none"))
    assert read_all(str(tmp_path / "none")) == []
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "there is no directory"),
        ("lamp.toml", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_a_directory_that_cannot_be_read_is_one_line(file, tmp_path, caplog, name, why):
    file(LAMP)
    (tmp_path / "loop").symlink_to("loop")
    assert read_all(f"{tmp_path}/{name}") == []
    (line,) = caplog.messages
    assert line.isprintable()
    assert line.startswith("[tools] directory = ")
    assert line.endswith(f": {why}; none of its tools is used")


def test_a_directory_that_may_not_be_read_is_one_line(monkeypatch, tmp_path, caplog):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    assert read_all(str(tmp_path)) == []
    (line,) = caplog.messages
    assert ": Permission denied; none" in line


def test_a_file_that_is_a_link_to_itself_is_left_out(tmp_path, caplog):
    (tmp_path / "lamp.toml").symlink_to("lamp.toml")
    assert read_all(str(tmp_path)) == []
    assert "Too many levels of symbolic links" in caplog.messages[0]


def test_a_file_whose_name_no_terminal_can_show_is_one_line(tmp_path, caplog):
    os.close(os.open(f"{tmp_path}/\n\udcff.toml", os.O_CREAT))
    assert read_all(str(tmp_path)) == []
    assert all(line.isprintable() for line in caplog.messages)


def test_what_the_unit_hides_is_known_here():
    text = (ROOT / "deploy/systemd/voice-appliance.service").read_text()
    hidden = re.search(r"^InaccessiblePaths=(.*)$", text, re.M)[1].split()
    places = {place.lstrip("-") + "/" for place in hidden}
    if "ProtectHome=yes" in text:
        places |= {"/home/", "/root/", "/run/user/"}
    if "PrivateTmp=yes" in text:
        places |= {"/tmp/", "/var/tmp/"}
    assert set(UNSEEN) == places


def test_a_number_may_have_limits(file):
    limits = 'type = "number"\nminimum = -1\nmaximum = 2.5'
    function = read(file(LAMP.replace('type = "boolean"', limits))).function()
    declared = json.loads(function.parameters)["properties"]["on"]
    assert (declared["minimum"], declared["maximum"]) == (-1, 2.5)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_limit_that_is_no_number_of_json_is_one_line(file, digits):
    limit = f'type = "integer"\nminimum = {"9" * digits}'
    assert len(complaint(file(LAMP.replace('type = "boolean"', limit)))) < 400


def test_a_pipe_in_place_of_a_tool_file_does_not_block(tmp_path):
    os.mkfifo(path := tmp_path / "lamp.toml")
    assert "not a regular file" in complaint(path)
