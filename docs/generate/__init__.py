# SPDX-License-Identifier: MIT
"""What is made from the code and committed; nothing of it is installed."""
