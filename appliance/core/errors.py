# SPDX-License-Identifier: MIT
"""What cannot happen."""


class Impossible(AssertionError):
    """An event that the box's own shell cannot have told in this state.

    The line is drawn at the wire: whatever the service, the network or the user does is
    a fact, and the core has an answer to it, however odd it is. What only this program
    can tell (an order was taken, a drain is over) is checked; a contradiction there is
    a mistake in the program, which ends the process with event and state in its last
    line, and systemd starts it again.
    """
