# SPDX-License-Identifier: MIT
"""An order that cannot be carried out is told, and not again for each piece."""

from appliance.core.effects import Play
from appliance.hardware.card import Choice
from appliance.hardware.speaker import Speaker
from appliance.service.performer import Performer

MINUTE = bytes(60 * 48_000)


def test_what_no_longer_fits_is_told_once_until_there_is_room(caplog):
    speaker = Speaker(
        None,
        device=Choice(),
        period_frames=960,
        prefill_ms=0,
        gain=1.0,
        cut="run-out",
        post=lambda _: None,
    )
    performer = Performer(speaker, None, None, None)

    def warnings_of(minutes: int) -> int:
        caplog.clear()
        for _ in range(minutes):
            performer.perform(Play(MINUTE))
        return len(caplog.records)

    assert [warnings_of(4), warnings_of(4), warnings_of(4)] == [0, 1, 0]
    speaker.drop()
    assert [warnings_of(4), warnings_of(4)] == [0, 1]
