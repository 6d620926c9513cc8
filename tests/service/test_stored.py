# SPDX-License-Identifier: MIT
"""What outlives the process: one small file, whole or not there at all."""

import asyncio
import logging
import os
from contextlib import asynccontextmanager

import pytest

from appliance.config import outcome
from appliance.config.file import Config
from appliance.core.advance import advance
from appliance.core.events import (
    DayBegan,
    DevicesReady,
    PlaybackDrained,
    TokensCounted,
    VolumeSet,
    VolumeTurned,
)
from appliance.core.sentences import Sentence
from appliance.core.signals import Fault
from appliance.core.tokens import Spent, Tokens
from appliance.core.volume import Volume
from appliance.journal.transition import Transition
from appliance.service import stored
from appliance.service.stored import StoredState
from tests.rig.waiting import in_loop, until

USED = Tokens(1, 2, 3, 4, 5)


def configured(gain=1.0, limit=1.0, **conversation):
    config = Config()
    return config.changed(
        speaker=config.speaker.changed(gain=gain, gain_limit=limit),
        conversation=config.conversation.changed(**conversation),
    )


class Life:
    """One process: what it remembers, and what happens in it."""

    def __init__(self, directory, config=None):
        self.stored = StoredState(directory)
        self.conversation = self.stored.conversation(config or Config(), 0.0)

    def tell(self, *events):
        for event in events:
            before = self.conversation
            self.conversation, effects = advance(before, event, 0.0)
            self.stored.follow(
                Transition(0.0, event, before, self.conversation, effects)
            )
        return self

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.stored.run())
        yield self
        task.cancel()
        await self.stored.close()


@in_loop
async def test_volume_and_tokens_are_as_they_were_left(tmp_path):
    async with Life(tmp_path).running() as life:
        life.tell(VolumeSet(40), DayBegan(740_000), TokensCounted(USED))
    next_ = Life(tmp_path).conversation
    assert next_.volume == life.conversation.volume
    assert next_.volume.percent == 40
    assert next_.budget.spent == Spent(740_000, USED)


@in_loop
async def test_a_limit_that_was_reached_is_reached_after_a_restart(tmp_path):
    config = configured(tokens_per_day=10)
    async with Life(tmp_path, config).running() as life:
        life.tell(DayBegan(740_000), TokensCounted(USED))
    assert Fault.DAILY_LIMIT in Life(tmp_path, config).conversation.faults


@in_loop
async def test_a_knob_that_is_turned_costs_one_write_and_one_at_the_end(
    tmp_path, monkeypatch
):
    written = []
    monkeypatch.setattr(stored, "write_whole", lambda *what: written.append(what))
    async with Life(tmp_path).running() as life:
        life.tell(VolumeTurned(-1))
        await until(lambda: written)
        for _ in range(50):
            life.tell(VolumeTurned(-1), VolumeTurned(1))
            await asyncio.sleep(0)
        life.tell(VolumeTurned(-2))
        assert len(written) == 1
    assert len(written) == 2
    path, content, mode = written[1]
    assert (path, mode) == (tmp_path / "state", 0o600)
    gain = life.conversation.volume.gain
    assert content.decode().startswith(
        f"[volume]\ngain = {gain!r}\nconfigured = 1.0\n[tokens]\nday = 0\n"
    )


@in_loop
async def test_what_does_not_change_is_not_written(tmp_path):
    async with Life(tmp_path).running() as life:
        life.tell(VolumeTurned(5))
    assert list(tmp_path.iterdir()) == []


@in_loop
async def test_another_gain_in_the_configuration_counts(tmp_path):
    async with Life(tmp_path).running() as life:
        life.tell(VolumeSet(40))
    assert Life(tmp_path, configured(gain=0.5)).conversation.volume == Volume(0.5)


@in_loop
async def test_a_lower_limit_counts_and_a_kept_volume_obeys_it(tmp_path):
    async with Life(tmp_path, configured(limit=2.0)).running() as life:
        life.tell(VolumeSet(100))
    lower = Life(tmp_path, configured(limit=1.0)).conversation.volume
    assert lower == Volume(1.0, 1.0)


def test_a_reload_keeps_the_volume_unless_it_brings_another(tmp_path):
    life = Life(None).tell(VolumeSet(40))
    turned = life.conversation.volume
    again = life.stored.reconfigured
    assert again(turned, Config()) == turned
    assert again(turned, configured(gain=0.5)) == Volume(0.5)
    assert again(turned, configured(gain=0.5, limit=2.0)) == Volume(turned.gain, 2.0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[volume]\n", "[volume] gain is missing"),
        (b"# \xff", "not UTF-8 text"),
        (b"[volume]\ngain = 0.5\nconf", "not valid TOML"),
        (
            b"[volume]\ngain = 9.0\nconfigured = 1.0\n",
            "[volume] gain = 9.0: expected number from 0 to 4",
        ),
        (b"x = 1\n", "x is unknown"),
        (b"#" * 5000, "cannot be read: larger than 4096 bytes"),
        (os.mkdir, "cannot be read: Is a directory"),
        (os.mkfifo, "cannot be read: not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read: Too many levels"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_as_configured(
    tmp_path, caplog, content, why
):
    path = tmp_path / "state"
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    assert Life(tmp_path).conversation.volume == Volume()
    (record,) = caplog.records
    text = record.getMessage()
    assert text.startswith(f"{path}: {why}")
    assert text.endswith("; volume and tokens are as configured")


def test_the_two_files_of_an_older_version_are_read(tmp_path):
    (tmp_path / "volume").write_text("gain = 0.5\nconfigured = 1.0\n")
    counts = ("text_in", "audio_in", "image_in", "text_out", "audio_out")
    lines = [f"{name} = {n}\n" for n, name in enumerate(counts, start=1)]
    (tmp_path / "tokens").write_text("day = 740000\n" + "".join(lines))
    begun = Life(tmp_path).conversation
    assert (begun.volume, begun.budget.spent) == (Volume(0.5), Spent(740_000, USED))


GREETED = (DevicesReady(), PlaybackDrained(1, 0.0))
MORE = (PlaybackDrained(2, 0.0), PlaybackDrained(3, 0.0), PlaybackDrained(4, 0.0))


def greetings(directory, config=None) -> tuple[Sentence, ...]:
    return Life(directory, config).conversation.spoken.greetings


@in_loop
async def test_how_it_is_used_is_said_once_in_its_life(tmp_path):
    assert greetings(tmp_path) == (Sentence.FIRST_START,)
    async with Life(tmp_path).running() as life:
        life.tell(VolumeSet(40), DevicesReady())
    assert greetings(tmp_path) == (Sentence.FIRST_START,), "it was not said"
    async with Life(tmp_path).running() as life:
        life.tell(*GREETED)
        assert not life.conversation.spoken.greetings
    assert greetings(tmp_path) == ()


@in_loop
async def test_where_the_button_is_not_held_it_is_not_said_to_hold_it(tmp_path):
    config = Config().changed(button=Config().button.changed(mode="toggle"))
    assert greetings(tmp_path, config) == ()
    async with Life(tmp_path, config).running() as life:
        life.tell(DevicesReady())
    assert greetings(tmp_path) == ()


@in_loop
async def test_an_update_is_said_once(tmp_path, monkeypatch):
    async with Life(tmp_path).running() as life:
        life.tell(*GREETED)
    monkeypatch.setattr(stored, "__version__", "99.0")
    assert greetings(tmp_path) == (Sentence.UPDATED,)
    async with Life(tmp_path).running() as life:
        life.tell(*GREETED)
    assert greetings(tmp_path) == ()


def test_a_box_with_the_state_of_an_older_version_is_updated(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "__version__", "99.0")
    (tmp_path / "volume").write_text("gain = 0.5\nconfigured = 1.0\n")
    assert greetings(tmp_path) == (Sentence.UPDATED,)


def test_where_the_state_cannot_be_read_nothing_is_said_of_it(tmp_path):
    (tmp_path / "state").write_bytes(b"\xff")
    assert greetings(tmp_path) == ()
    assert greetings(None) == ()


@in_loop
async def test_what_was_on_the_boot_partition_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr(outcome, "PATH", tmp_path / "run" / "outcome")
    found = (Sentence.KEY_TAKEN, Sentence.SETTINGS_UNUSABLE)
    outcome.write(outcome.PATH, found)
    assert greetings(tmp_path) == (*found, Sentence.FIRST_START)
    async with Life(tmp_path).running() as life:
        life.tell(*GREETED, *MORE)
    assert greetings(tmp_path) == ()
    outcome.write(outcome.PATH, found)
    assert greetings(tmp_path) == found, "it is found again"


@in_loop
async def test_a_fifo_in_the_place_of_the_file_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "state")
    async with Life(tmp_path).running() as life:
        life.tell(VolumeSet(40))
    assert Life(tmp_path).conversation.volume.percent == 40


@in_loop
async def test_a_disk_that_cannot_be_written_is_told_and_the_box_goes_on(
    tmp_path, caplog
):
    nowhere = tmp_path / "file" / "state"
    (tmp_path / "file").touch()
    async with Life(nowhere).running() as life:
        caplog.clear()
        life.tell(VolumeSet(40))
        await until(lambda: caplog.records)
    assert caplog.records[0].levelno == logging.WARNING
    text = caplog.records[0].getMessage()
    assert text.startswith(f"{nowhere}/state: cannot be written (")
    assert text.endswith("; volume and tokens are forgotten when the box restarts")


@in_loop
async def test_without_a_directory_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with Life(None).running() as life:
        life.tell(VolumeSet(40))
    assert list(tmp_path.iterdir()) == []
