# SPDX-License-Identifier: MIT
"""A text that never shows up in a log, a repr or a traceback."""


class SecretMissing(Exception):
    """There is nothing to reveal; the text says why."""


class Secret:
    """Holds the API key; only `reveal` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"


class Missing(Secret):
    """Stands for a secret that is not there, until somebody wants to use it."""

    def reveal(self) -> str:
        """Raises SecretMissing."""
        raise SecretMissing(self._text)
