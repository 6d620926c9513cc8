# SPDX-License-Identifier: MIT
"""What is paid for: tokens by direction and modality, of a turn and of a day."""

from typing import Protocol

from appliance.basics.record import Struct, astuple, replace


class Tokens(Struct, frozen=True):
    """How many. Thoughts are text; `image` is everything to look at."""

    text_in: int = 0
    audio_in: int = 0
    image_in: int = 0
    text_out: int = 0
    audio_out: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(*map(int.__add__, astuple(self), astuple(other)))

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(*map(int.__sub__, astuple(self), astuple(other)))

    @property
    def total_in(self) -> int:
        return self.text_in + self.audio_in + self.image_in

    @property
    def total_out(self) -> int:
        return self.text_out + self.audio_out

    @property
    def total(self) -> int:
        return self.total_in + self.total_out


class Prices(Protocol):
    """What a million tokens of each kind cost."""

    @property
    def text_in(self) -> float: ...
    @property
    def audio_in(self) -> float: ...
    @property
    def image_in(self) -> float: ...
    @property
    def text_out(self) -> float: ...
    @property
    def audio_out(self) -> float: ...


class Spent(Struct, frozen=True):
    """What a day has used so far."""

    #: Its number (date.toordinal()); 0 as long as no clock has told it.
    day: int = 0
    tokens: Tokens = Tokens()

    def on(self, day: int) -> "Spent":
        """What has been used on `day`: nothing yet, if that is another.

        The day before does not count as another: a clock that is not set yet may lag.
        One that was far ahead once must not count for years.
        """
        another = self.day and day not in (self.day, self.day - 1)
        return Spent(max(day, self.day), self.tokens) if not another else Spent(day)


class Budget(Struct, frozen=True):
    """What the day has used, and the turn that is being answered as part of it."""

    spent: Spent = Spent()
    turn: Tokens = Tokens()

    def count(self, tokens: Tokens) -> "Budget":
        """The turn has used `tokens` so far: the last word counts."""
        used = self.spent.tokens + tokens - self.turn
        return Budget(replace(self.spent, tokens=used), tokens)


def cost(tokens: Tokens, prices: Prices) -> float:
    """An estimate, in the currency of `prices`."""
    return (
        tokens.text_in * prices.text_in
        + tokens.audio_in * prices.audio_in
        + tokens.image_in * prices.image_in
        + tokens.text_out * prices.text_out
        + tokens.audio_out * prices.audio_out
    ) / 1e6
