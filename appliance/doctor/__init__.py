# SPDX-License-Identifier: MIT
"""EXAMINES the box: one line a check, and what mends what fails.

Each check is a judgement (figures in, result out) and a thin edge that measures; they
are listed, in order, in checks.py.
"""
