# SPDX-License-Identifier: MIT
"""The MESSAGE_ID of each kind of journal line that is no row of signals.TABLE."""

TURN_ID = "fe68353d48de44bbb307554953b5d759"
READY_ID = "7d620af9d69048cfac6c44726ef64430"
LINK_ID = "1451d01c0f704afdbad732ecf409bd1b"
NEW_ID = "986beb53072147f8b4ba85a534e05f13"
MENDED_ID = "d11e738a533e43cea0b80d5b49896588"
FAILED_ID = "fb6cf20255e9453d868dfc9830da4b15"
TAKEN_ID = "757c5ba4e11e471db8384cf33bd4fdd8"
REJECTED_ID = "32bbfc7ef21e4b99ac4a5860c30b8227"
NO_EFFECT_ID = "d9e148c821424d9a98bb8764ef4e2470"
RELOAD_ID = "bb056f7a8bd14fb7be47dcfd6469aa41"
RELOAD_FAILED_ID = "ad85932390e34ff8acd89c6f41654984"
TOOL_LEFT_OUT_ID = "302b8b8d8006403b832808f77ef34570"
TOOL_ID = "d34c28d4536d44e59149e648c929f26f"
SPEECH_ID = "6727b3c68db641f3af9afcbebb4e19e6"

#: Lines that answer an order, or end the process: each is written, however often the
#: same words came before.
NEVER_THINNED = frozenset(
    {
        TURN_ID,
        READY_ID,
        NEW_ID,
        FAILED_ID,
        TAKEN_ID,
        REJECTED_ID,
        NO_EFFECT_ID,
        RELOAD_ID,
        RELOAD_FAILED_ID,
        TOOL_LEFT_OUT_ID,
        TOOL_ID,
    }
)
