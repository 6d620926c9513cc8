# SPDX-License-Identifier: MIT
"""Reads the project's Markdown: its links, its anchors, and its commands."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
#: None stands in quotes.
_COMMENT = re.compile(r"(^|(?<=\s))#.*", re.MULTILINE)
_SEPARATORS = ";|&()<>\n"


@dataclass(frozen=True, slots=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """The text without its blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Language and text of each block."""
        return _FENCE.findall(self.text)

    @property
    def codes(self) -> list[str]:
        """What stands in `...`, on one line each."""
        return [" ".join(code.split()) for code in _CODE.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """As GitHub makes them of headings; the second of a name gets -1."""
        anchors, seen = set(), Counter[str]()
        for heading in re.findall(r"^#+ (.*)$", self.prose, re.MULTILINE):
            words = re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-")
            anchors.add(f"{words}-{seen[words]}" if seen[words] else words)
            seen[words] += 1
        return anchors

    @property
    def commands(self) -> list[list[str]]:
        """Each command of each block of shell, and each that stands in the text."""
        shell = [text for language, text in self.blocks if language == "sh"]
        inline = [code for code in self.codes if _CALL.match(code)]
        return [words for text in shell + inline for words in commands(text)]


#: What in the text is a command, and not only the name of something.
_CALL = re.compile(
    r"(sudo|make|systemctl|journalctl|apt|ssh|scp|arecord|aplay|speaker-test|pinctrl|"
    r"vcgencmd|nmcli|demo|simulate|(\S*/)?voice-appliance) \S"
)


def documents() -> list[Document]:
    """All of the project's."""
    found = ROOT.rglob("*.md")
    mine = (path for path in found if not _is_foreign(path.relative_to(ROOT)))
    return [Document(path) for path in sorted(mine)]


def _is_foreign(path: Path) -> bool:
    return path.parts[0].startswith(".") or path.parts[0] == "build"


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a piece of shell, as words, without sudo and assignments."""
    text = _COMMENT.sub("", text.replace("\\\n", " "))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words: list[str] = []
    redirected = False
    for word in lexer:
        if set(word) <= set(_SEPARATORS):
            redirected = bool(set(word) & set("<>"))
            if not redirected:
                yield from _command(words)
                words = []
        elif redirected:
            redirected = False
        else:
            words.append(word)
    yield from _command(words)


def _command(words: list[str]) -> Iterator[list[str]]:
    words = [word for word in words if word not in ("{", "}", "sudo", "-t")]
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if words[:1] == ["ssh"] and len(words) > 2:
        yield words[:2]
        yield from commands(words[-1])
    elif words:
        yield words
