# SPDX-License-Identifier: MIT
"""Writes to stdout and stderr, and tells in one line when that cannot be done."""

from typing import TextIO

from appliance.basics.errors import ApplianceError


class StreamUnwritable(ApplianceError):
    """What a verb shows cannot be written; the text says why."""


def write(text: str, stream: TextIO) -> None:
    """`text` as a line, at once.

    Raises StreamUnwritable where `stream` cannot be written, BrokenPipeError where
    nobody reads on.
    """
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        raise  # Nobody reads on: nothing to complain about.
    except OSError as error:
        raise StreamUnwritable(
            f"{stream.name.strip('<>')}: {error.strerror}"
        ) from error
