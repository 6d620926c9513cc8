# SPDX-License-Identifier: MIT
"""The last failures, which outlive the process: the doctor comes when they are over."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from appliance.basics.excerpt import one_line
from appliance.basics.strict_toml import ConfigError, Meta, Section, keys, parse
from appliance.basics.whole_file import read_small
from appliance.core.signals import Signal, signal_of
from appliance.journal.transition import Transition

NAME = "failures"
_MOST = 10
_MOST_REASON = 300
_MOST_BYTES = 16_384

_Count = Annotated[int, Meta(ge=0, lt=2**53)]


class Failure(Section, frozen=True):
    """One failure, or several of a kind in a row."""

    #: The last time: s since 1970, by a clock that may not have been set.
    at_s: Annotated[int, Meta(ge=0, lt=2**35)]
    #: A Signal's value; one of another version may be unknown.
    situation: Annotated[str, Meta(max_length=64)]
    #: As the failing part words it, or "".
    reason: Annotated[str, Meta(max_length=_MOST_REASON + 3)]
    times: _Count


class _Failures(Section, frozen=True):
    """The file."""

    failure: tuple[Failure, ...] = ()


def failed(
    kept: tuple[Failure, ...], after: Transition, at_s: int
) -> tuple[Failure, ...]:
    """What is kept after a transition at `at_s`, the oldest first."""
    for signal in _signals(after):
        reason = one_line(after.reason, _MOST_REASON)
        failure = Failure(at_s=at_s, situation=signal.value, reason=reason, times=1)
        if kept and kept[-1].situation == failure.situation:
            failure = failure.changed(times=kept[-1].times + 1)
            kept = kept[:-1]
        kept = (*kept, failure)[-_MOST:]
    return kept


def _signals(transition: Transition) -> Iterator[Signal]:
    before, after = transition.before, transition.after
    for fault in sorted(after.faults - before.faults, key=lambda fault: fault.value):
        yield signal_of(fault)
    if after.mishap and after.mishap is not before.mishap:
        yield after.mishap.signal


def text(kept: tuple[Failure, ...]) -> str:
    """The file's content."""
    return "".join(
        "[[failure]]\n"
        # Of what is printable, a JSON text is a TOML text.
        + "".join(
            f"{key.name} = {json.dumps(key.value, ensure_ascii=False)}\n"
            for key in keys(failure)
        )
        for failure in kept
    )


def read(path: Path) -> tuple[Failure, ...]:
    """What `path` holds, the oldest first. Raises OSError, ConfigError."""
    content = read_small(path, _MOST_BYTES)
    try:
        return parse(content.decode(), _Failures, str(path)).failure[-_MOST:]
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
