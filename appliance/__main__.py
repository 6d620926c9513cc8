# SPDX-License-Identifier: MIT
"""The command line: run | demo | doctor | simulate | config | sound | card."""

import sys
from collections.abc import Sequence

from appliance.basics.errors import EXIT_INTERRUPTED
from appliance.cli import parser
from appliance.verbs import EXPLAINED, VERBS, explain


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 crash, 2 usage, 78 configuration."""
    words = sys.argv[1:] if arguments is None else arguments
    verb = next((word for word in words if not word.startswith("-")), "")
    try:
        options = parser(only=verb).parse_args(words)
        return VERBS[options.verb](options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except EXPLAINED as error:
        return explain(error)


if __name__ == "__main__":
    sys.exit(main())
