# SPDX-License-Identifier: MIT
"""Whether the box still works."""

import pytest

from appliance.core.liveness import LIMITS_S, stalled_parts

NOW = 1000.0


def test_a_box_whose_parts_all_move_is_well():
    assert stalled_parts(dict.fromkeys(LIMITS_S, NOW), NOW) == ()


@pytest.mark.parametrize("part", LIMITS_S)
def test_a_part_that_is_quiet_for_longer_than_its_limit_is_named(part):
    beats = dict.fromkeys(LIMITS_S, NOW)
    beats[part] = NOW - LIMITS_S[part] + 0.001
    assert stalled_parts(beats, NOW) == ()
    assert stalled_parts(beats, NOW + 0.002) == (part,)


def test_a_part_that_has_never_moved_is_named():
    beats = {**dict.fromkeys(LIMITS_S, NOW), "speaker": float("-inf")}
    assert stalled_parts(beats, NOW) == ("speaker",)
