# SPDX-License-Identifier: MIT
"""What a line for people repeats of a value that somebody has written."""

import difflib
import re
from typing import Any

#: A longer value may be an API key in the wrong place, or a flood.
_MOST_SHOWN = 32
_MOST_OF_A_PATH = 255
_LONGEST_LINE = 300
#: The transcript of a long answer, in characters. What is longer is a flood.
LONGEST_TEXT = 2**14
#: Google's API keys begin so.
_API_KEY = re.compile(r"(?<![A-Za-z0-9])(AIza|AQ\.)[\w-]{6,}")


def mask(text: str) -> str:
    """`text` without what looks like an API key."""
    return _API_KEY.sub(r"\1***", text)


def has_key(text: str) -> bool:
    """Whether something in `text` looks like an API key."""
    return _API_KEY.search(text) is not None


def quote(value: Any) -> str:
    """`value` as a line may repeat it: of a long one, only the beginning."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return _closed(mask(repr(value)))
    except (ValueError, RecursionError):  # 0xfff... without end, a.a.a... = 1
        return "a value without end"


def quote_path(path: str) -> str:
    """`path` as a whole: a shortened one names no file. What is not a path may be a
    key, and is shortened."""
    is_path = "/" in path and len(path) <= _MOST_OF_A_PATH
    return mask(repr(path)) if is_path else quote(path)


def truncate(text: str) -> str:
    """`text`, or its beginning."""
    text = mask(text)
    return text if len(text) <= _MOST_SHOWN else f"{text[:12]}..."


def printable(text: str, longest: int = _LONGEST_LINE) -> str:
    """`text` from elsewhere, for people: without control characters, which a terminal
    obeys and the journal stores as a blob, at most `longest` characters, and with no
    API key in it: the service repeats the key that it suspends."""
    shown = mask("".join(c if c.isprintable() else " " for c in text[:longest]))
    return shown + ("..." if len(text) > longest else "")


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """`text` as `printable`, and each run of spaces as one."""
    return " ".join(printable(text, longest).split())


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean "x"?`, or nothing."""
    close = difflib.get_close_matches(name, known, 1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _closed(text: str) -> str:
    """A shortened repr without an open quote or bracket."""
    if len(text) <= _MOST_SHOWN or text[0] not in "'\"[{":
        return truncate(text)
    beginning = text[0] if text[0] in "[{" else text[:12]
    return f"{beginning}...{text[-1]}"
