# SPDX-License-Identifier: MIT
"""EXAMINES the box: one line for each check, and a command that fixes what fails.

Each check is a judgement (figures in, result out) and a thin edge that measures; they
are listed, in order, in checks.py.
"""
