# SPDX-License-Identifier: MIT
"""Keeps other processes of the same user out of this one's memory."""

import ctypes

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def hide() -> None:
    """No core dump, and no other process of this user may read or trace this one (man
    PR_SET_DUMPABLE): what was said and the key are in its memory. Programs that it
    starts are not concerned."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
