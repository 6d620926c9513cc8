# SPDX-License-Identifier: MIT
"""Shows the box on any machine."""
