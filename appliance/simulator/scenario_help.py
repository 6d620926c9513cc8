# SPDX-License-Identifier: MIT
"""The help on scenario files, made from their fields."""

import json
from collections.abc import Iterator
from typing import get_args

from appliance.basics.strict_toml import Key, keys
from appliance.simulator.scenario import Call, Drop, Fault, Point, Scenario

_EXAMPLE = """\
Any API key will do. A scenario says how the service behaves, and what fails when:

  answer_delay_ms = 1000

  [[fault]]                # as many as you like
  action = "close"
  at = "mid_answer"
  turn = 2

  [[call]]                 # the model calls a tool before it answers
  name = "set_volume"
  args = { percent = 30 }
"""
#: Keys with a heading of their own.
_TABLES = {"call", "fault"}
#: These have no default.
_NEEDED = {"at", "name"}


def scenario_help() -> str:
    """Each key with its default and meaning."""
    return "\n".join(
        [
            _EXAMPLE,
            "All keys, with their defaults:",
            *(_line(key) for key in keys(Scenario()) if key.name not in _TABLES),
            "\n[[fault]]: something that goes wrong",
            f"  {'action':27} what: one of those below",
            f"  {'at':27} when: {_wrapped(get_args(Point))}",
            *(_line(key) for key in keys(Drop()) if key.name not in _NEEDED),
            "\nActions, and the keys that only they have:",
            *_actions(),
            "\n[[call]]: a tool that the model calls before it answers",
            *map(_line, keys(Call(""))),
        ]
    )


def _actions() -> Iterator[str]:
    common = {key.name for key in keys(Drop())}
    for action in get_args(Fault):
        yield f"  {action.__struct_config__.tag:27} {action.__doc__}"
        own = (key for key in keys(action()) if key.name not in common)
        yield from (f"  {_line(key)}" for key in own)


def _line(key: Key) -> str:
    shown = json.dumps(key.value)
    head = key.name if key.name in _NEEDED else f"{key.name} = {shown}"
    return f"  {head:27} {key.meaning}"


def _wrapped(points: tuple[str, ...]) -> str:
    half = len(points) // 2
    return ", ".join(points[:half]) + f",\n{'':30}" + ", ".join(points[half:])
