# SPDX-License-Identifier: MIT
"""TOOLS that the service may call: built in, or declared by the user."""
