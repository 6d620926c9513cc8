# SPDX-License-Identifier: MIT
"""What is made from the code and committed; none of this is installed."""
