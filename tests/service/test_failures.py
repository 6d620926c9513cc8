# SPDX-License-Identifier: MIT
"""The last ten failures outlive the process, in a file that may be anything."""

import asyncio
import os

import pytest

from appliance.basics.strict_toml import ConfigError
from appliance.config.file import Config
from appliance.core.advance import advance
from appliance.core.events import FaultCleared, FaultRaised, LinkLost
from appliance.core.signals import Fault, Signal
from appliance.journal.transition import Transition
from appliance.service import failures
from appliance.service.failures import Failure, failed
from appliance.service.stored import StoredState
from tests.rig.waiting import in_loop

GLASS = 'unplugged \u2588 \\ "\x00\x1b[2J \x7f AIzaSyD-looks-like-a-key'


class Life:
    """One process: what fails in it."""

    def __init__(self, directory):
        self.stored = StoredState(directory)
        self.conversation = self.stored.conversation(Config(), 0.0)

    def tell(self, *events):
        for event in events:
            before = self.conversation
            self.conversation, effects = advance(before, event, 0.0)
            after = Transition(0.0, event, before, self.conversation, effects)
            self.stored.follow(after)


def flap(fault, reason=""):
    return FaultRaised(fault, reason), FaultCleared(fault)


async def kept_of(directory, *events):
    """What a life in which `events` happen leaves in the file."""
    life = Life(directory)
    life.tell(*events)
    await life.stored.close()
    return failures.read(directory / failures.NAME)


@in_loop
async def test_a_failure_is_there_after_the_process_with_time_and_reason(tmp_path):
    (kept,) = await kept_of(tmp_path, FaultRaised(Fault.SPEAKER, GLASS))
    assert (kept.situation, kept.times) == (Signal.SPEAKER.value, 1)
    assert kept.at_s > 1_700_000_000
    assert kept.reason == 'unplugged \u2588 \\ " [2J AIza***'


@in_loop
async def test_ten_are_kept_over_several_lives_and_a_row_of_one_kind_is_one(tmp_path):
    parts = (Fault.MICROPHONE, Fault.SPEAKER)
    for life in range(4):
        for _ in range(3):
            events = [event for fault in parts for event in flap(fault, f"{life}")]
            last = await kept_of(tmp_path, *events)
    assert len(last) == 10
    assert last[-1].reason == last[-5].reason == "3"
    last = await kept_of(tmp_path, *flap(Fault.SPEAKER, "a"), *flap(Fault.SPEAKER, "b"))
    assert (len(last), last[-1].reason, last[-1].times) == (10, "b", 3)


@in_loop
async def test_a_failure_that_goes_on_is_written_once(tmp_path):
    lost = LinkLost(Fault.NETWORK, "timed out")
    (kept,) = await kept_of(tmp_path, lost, lost, lost)
    assert (kept.situation, kept.times) == (Signal.NETWORK.value, 1)


def a_failure(reason):
    return Failure(at_s=1, situation="x", reason=reason, times=1)


def test_whatever_the_reason_the_file_fits_and_is_read_again(tmp_path):
    kept = ()
    for fault, code in enumerate(range(0, 0x11_0000, 0x11_0000 // 60)):
        reason = "".join(map(chr, range(code, min(code + 400, 0xD800) or code)))
        reason = reason or chr(0x10_FFFD) * 400
        life = Life(None)
        before = life.conversation
        event = FaultRaised((Fault.SPEAKER, Fault.MICROPHONE)[fault % 2], reason)
        after, effects = advance(before, event, 0.0)
        kept = failed(kept, Transition(0.0, event, before, after, effects), 2**35 - 1)
        (tmp_path / "file").write_text(failures.text(kept), encoding="utf-8")
        assert failures.read(tmp_path / "file") == kept


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"failure = 1",
        b"[[failure]]\nat_s = 1\n",
        b"#" * 20_000,
        os.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
    ],
)
@in_loop
async def test_what_is_no_such_file_is_refused_and_replaced_where_it_can_be(
    tmp_path, content
):
    path = tmp_path / failures.NAME
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    with pytest.raises((OSError, ConfigError)):
        failures.read(path)
    life = Life(tmp_path)
    life.tell(FaultRaised(Fault.SPEAKER, "x"))
    async with asyncio.timeout(10):
        await life.stored.close()
    if content is not os.mkdir:
        assert len(failures.read(path)) == 1


def test_more_than_ten_of_another_hand_are_not_kept(tmp_path):
    many = tuple(a_failure(str(number)) for number in range(30))
    (tmp_path / "file").write_text(failures.text(many))
    assert failures.read(tmp_path / "file") == many[-10:]
