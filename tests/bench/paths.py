# SPDX-License-Identifier: MIT
"""Lets a program in this folder import what the tests share; import it first."""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]

sys.path += [str(_TESTS)]
