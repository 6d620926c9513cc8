# SPDX-License-Identifier: MIT
"""The script that presses the button."""

import asyncio
import os
import time

import pytest

from appliance.demo.script import (
    TAP,
    Act,
    ScriptUnusable,
    Wait,
    acts,
    arriving,
    given,
    opened,
    parse,
    read,
)


async def collected(stream):
    return [item async for item in stream]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", []),
        ("# a comment", []),
        (" press # now", [Act.PRESS]),
        ("release\n", [Act.RELEASE]),
        ("tap", TAP),
        ("wait 0.5", [Wait(0.5)]),
        ("quit", [Act.QUIT]),
    ],
)
def test_a_line_is_its_commands(line, commands):
    assert parse(line, "here") == commands


@pytest.mark.parametrize(
    "line", ["pres", "press now", "wait", "wait x", "wait -1", "wait 3601", "wait nan"]
)
def test_a_wrong_line_is_named_with_what_is_allowed(line):
    with pytest.raises(ScriptUnusable, match=r"^here: .*: expected press, release"):
        parse(line, "here")


def test_a_script_is_played_in_order_and_in_time():
    started_at = time.monotonic()
    script = acts(given(["press", "wait 0.05", "release", "tap"]))
    expected = [Act.PRESS, Act.RELEASE, Act.PRESS, Act.RELEASE]
    assert asyncio.run(collected(script)) == expected
    assert time.monotonic() - started_at >= 0.15


def test_a_file_is_read_whole_and_checked_before_the_first_press(tmp_path):
    path = tmp_path / "script"
    path.write_text("press\n\njump\n")
    with pytest.raises(ScriptUnusable, match="script, line 3: 'jump'"):
        read(path)
    path.write_text("press\nrelease\n")
    assert read(path) == ["press", "release"]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"\xff", "not UTF-8 text")]
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, content, reason):
    path = tmp_path / "script"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScriptUnusable, match=f"cannot be read: {reason}"):
        read(path)


def test_lines_are_played_as_another_program_writes_them():
    async def talk() -> list[Act]:
        reader, writer = os.pipe()
        script = acts(arriving(reader))
        os.write(writer, b"press\n")
        heard = [await anext(script)]
        os.write(writer, b"\nrelease\n")
        heard.append(await anext(script))
        os.close(writer)
        assert await collected(script) == []
        os.close(reader)
        return heard

    assert asyncio.run(talk()) == [Act.PRESS, Act.RELEASE]


def test_a_file_that_is_stdin_is_checked_before_the_first_press(tmp_path):
    path = tmp_path / "script"
    path.write_text("press\nwait 3000\njump\n")
    with (
        path.open() as file,
        pytest.raises(ScriptUnusable, match="^script line 3: 'jump'"),
    ):
        opened(file.fileno())
    path.write_text("press\nrelease\n")
    with path.open() as file:
        played = asyncio.run(collected(acts(opened(file.fileno()))))
    assert played == [Act.PRESS, Act.RELEASE]


def test_a_pipe_that_is_stdin_is_played_as_it_is_written():
    async def first_act() -> Act:
        reader, writer = os.pipe()
        script = acts(opened(reader))
        os.write(writer, b"press\n")
        act = await anext(script)
        os.close(writer)
        assert await collected(script) == []
        os.close(reader)
        return act

    assert asyncio.run(first_act()) is Act.PRESS
