# SPDX-License-Identifier: MIT
"""The sentences of a language: one plain file each, which a translator can edit."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from appliance.basics.excerpt import quote, suggestion
from appliance.basics.strict_toml import ConfigError
from appliance.core.sentences import Sentence

LANGUAGES_DIRECTORY = Path(__file__).with_name("languages")
#: About five seconds, spoken.
MOST_CHARACTERS = 90

_PLACEHOLDER = re.compile(r"\{.*?\}")

Words = Mapping[Sentence, str]


def words(code: str, directory: Path = LANGUAGES_DIRECTORY) -> Words:
    """What each sentence is in the language `code`.

    Raises:
        ConfigError: with a line for each mistake in its file.
    """
    path = directory / f"{code}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    if mistakes := [*_mistakes(table)]:
        raise ConfigError(*(f"{path}: {mistake}" for mistake in mistakes))
    return {sentence: table[sentence] for sentence in Sentence}


def placeholders(text: str) -> set[str]:
    """What is to be filled in: {version}."""
    return set(_PLACEHOLDER.findall(text))


def fill_in(text: str, **values: str) -> str:
    """`text` with its placeholders replaced; what replaces them is not looked at."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group()[1:-1], ""), text)


def _mistakes(table: dict[str, object]) -> list[str]:
    known = [sentence.value for sentence in Sentence]
    wrong = [f"{key} is missing" for key in known if key not in table]
    for key, text in table.items():
        if key not in known:
            wrong.append(f"{quote(key)} is unknown{suggestion(key, known)}")
        elif not isinstance(text, str) or not 0 < len(text.strip()) <= MOST_CHARACTERS:
            wrong.append(f"{key}: expected text of 1 to {MOST_CHARACTERS} characters")
    return wrong
