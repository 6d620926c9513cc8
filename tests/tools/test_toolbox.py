# SPDX-License-Identifier: MIT
"""The tools of a box: what they answer, and that each call is answered or cancelled."""

import json

import pytest

from appliance.basics.record import replace
from appliance.config.file import Config, limits
from appliance.config.sections import BUILT_IN_TOOLS
from appliance.core.conversation import start
from appliance.core.effects import RunTool
from appliance.core.events import NewConversation, ToolAnswered, VolumeSet
from appliance.core.link import Link
from appliance.core.message_ids import TOOL_ID
from appliance.tools.builtin import built_in
from appliance.tools.run import ToolFailed
from appliance.tools.toolbox import Toolbox
from tests.rig.waiting import in_loop, until

SETTINGS = Config().tools
NAP = """\
name = "nap"
description = "Sleeps."
command = ["sleep", "{}"]
time_limit_s = 0.3
"""


@pytest.fixture
def posted():
    return []


@pytest.fixture
def toolbox(tmp_path, posted):
    now = replace(start(limits(Config()), 0.0), link=Link(tried_at=0.0))
    (tmp_path / "nap.toml").write_text(NAP.format(1000))

    def made(**settings):
        config = SETTINGS.changed(directory=str(tmp_path), **settings)
        return Toolbox(config, post=posted.append, conversation=lambda: now)

    return made


async def answer(toolbox, posted, name, arguments=b"{}"):
    toolbox.run(RunTool("1", name, arguments))
    await until(lambda: posted and isinstance(posted[-1], ToolAnswered))
    assert posted[-1].call_id == "1"
    return json.loads(posted[-1].response)


def test_each_tool_that_is_built_in_can_be_enabled():
    assert tuple(built_in(print, print)) == BUILT_IN_TOOLS


def test_the_service_is_told_of_what_is_enabled_and_of_the_users_own(toolbox):
    names = [function.name for function in toolbox().functions]
    assert names == [*BUILT_IN_TOOLS, "nap"]
    only = toolbox(enabled=("device_status",)).functions
    assert [function.name for function in only] == ["device_status", "nap"]


@in_loop
async def test_the_volume_is_set(toolbox, posted):
    told = await answer(toolbox(), posted, "set_volume", b'{"percent":40}')
    assert posted[0] == VolumeSet(40)
    assert told == {"result": "the volume is 40 percent now"}


@pytest.mark.parametrize("percent", ['"loud"', "true", "null"])
@in_loop
async def test_a_volume_that_is_none_is_refused(toolbox, posted, percent):
    arguments = f'{{"percent":{percent}}}'.encode()
    told = await answer(toolbox(), posted, "set_volume", arguments)
    assert told == {"error": "percent must be a number from 0 to 100"}
    assert len(posted) == 1


@in_loop
async def test_a_volume_beyond_the_scale_is_the_end_of_it(toolbox, posted):
    await answer(toolbox(), posted, "set_volume", b'{"percent":1e9}')
    assert posted[0] == VolumeSet(100)


@in_loop
async def test_the_conversation_is_ended(toolbox, posted):
    await answer(toolbox(), posted, "end_conversation")
    assert posted[0] == NewConversation()


@in_loop
async def test_the_box_tells_how_it_is(toolbox, posted):
    told = await answer(toolbox(), posted, "device_status")
    assert {"time", "link", "link_age_s", "uptime_minutes", "load_1_min"} <= set(told)


@in_loop
async def test_an_unknown_or_disabled_tool_is_told_so(toolbox, posted):
    box = toolbox(enabled=())
    no_such = {"error": "this box has no such tool"}
    assert await answer(box, posted, "fly") == no_such
    posted.clear()
    assert await answer(box, posted, "set_volume", b'{"percent":1}') == no_such


@in_loop
async def test_a_tool_that_fails_is_told_to_service_and_journal(
    toolbox, posted, caplog
):
    told = await answer(toolbox(), posted, "nap")
    assert told == {"error": "no answer in 0.3 s"}
    (record,) = caplog.records
    assert record.message.startswith("tool nap failed (no answer in 0.3 s) after 0.")
    assert (record.MESSAGE_ID, record.TOOL) == (TOOL_ID, "nap")
    assert record.TOOL_MS >= 300


@in_loop
async def test_the_last_words_of_a_tool_are_for_the_journal_and_not_for_the_service(
    toolbox, posted, caplog, tmp_path
):
    complains = """command = ["sh", "-c", "echo first >&2; echo no lamp >&2; exit 3"]"""
    text = NAP.replace('command = ["sleep", "{}"]', complains)
    (tmp_path / "nap.toml").write_text(text)
    assert await answer(toolbox(), posted, "nap") == {"error": "exit code 3"}
    *lines, failure = caplog.records
    assert [line.message for line in lines] == ["tool nap: first", "tool nap: no lamp"]
    assert "failed (exit code 3; its last words: no lamp) after" in failure.message
    assert {record.MESSAGE_ID for record in caplog.records} == {TOOL_ID}


@pytest.mark.parametrize(
    "odd",
    [
        RuntimeError("can't start new thread"),
        OSError("no room"),
        ToolFailed("exit code 1"),
        ValueError("NaN"),
    ],
)
@in_loop
async def test_whatever_a_run_fails_with_the_service_gets_an_answer(
    toolbox, posted, caplog, monkeypatch, odd
):
    async def fails(*_, **__):
        raise odd

    monkeypatch.setattr("appliance.tools.toolbox.run", fails)
    assert await answer(toolbox(), posted, "nap") == {"error": str(odd)}
    (record,) = caplog.records
    assert f"tool nap failed ({odd}) after" in record.message


@in_loop
async def test_a_bug_in_a_tool_is_told_with_its_traceback_and_answered_all_the_same(
    toolbox, posted, caplog, monkeypatch
):
    async def fails(*_, **__):
        return {}["a bug"]

    monkeypatch.setattr("appliance.tools.toolbox.run", fails)
    told = await answer(toolbox(), posted, "nap")
    assert told == {"error": "the box failed to run it"}
    (record,) = caplog.records
    assert (record.levelname, record.TOOL) == ("CRITICAL", "nap")
    assert "KeyError: 'a bug'" in caplog.text


@in_loop
async def test_a_cancelled_tool_says_nothing(toolbox, posted, caplog):
    caplog.set_level("INFO")
    box = toolbox()
    box.run(RunTool("1", "nap", b"{}"))
    box.run(RunTool("2", "nap", b"{}"))
    box.cancel(["1", "7"])
    await until(lambda: posted)
    assert [event.call_id for event in posted] == ["2"]


@in_loop
async def test_when_the_box_closes_nothing_runs_on(toolbox, posted, tmp_path):
    box = toolbox()
    box.run(RunTool("1", "nap", b"{}"))
    await box.close()
    assert posted == []


@in_loop
async def test_a_reload_reads_the_tools_again(toolbox, posted, tmp_path):
    box = toolbox()
    (tmp_path / "nap.toml").write_text(NAP.format(0))
    (tmp_path / "second.toml").write_text(NAP.format(0).replace('"nap"', '"second"'))
    box.configure(SETTINGS.changed(directory=str(tmp_path), enabled=()))
    assert [function.name for function in box.functions] == ["nap", "second"]
    assert await answer(box, posted, "nap") == {"result": "done"}
