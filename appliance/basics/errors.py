# SPDX-License-Identifier: MIT
"""What ends the program with one line that says what to do, and its exit code."""

import signal
from typing import ClassVar

EXIT_OK, EXIT_CRASH, EXIT_USAGE, EXIT_CONFIG = 0, 1, 2, 78
EXIT_INTERRUPTED, EXIT_NO_READER = 128 + signal.SIGINT, 128 + signal.SIGPIPE


class ApplianceError(Exception):
    """Something that a person can fix, or that time may: systemd tries again after 1,
    and not after 78. Each of `lines` says one thing; the text is the first."""

    exit_code: ClassVar[int] = EXIT_CRASH

    @property
    def lines(self) -> tuple[str, ...]:
        return (str(self),)


class UsageError(ApplianceError):
    """The command line asks for what cannot be done."""

    exit_code = EXIT_USAGE
