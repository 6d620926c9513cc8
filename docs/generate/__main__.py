# SPDX-License-Identifier: MIT
"""`make docs`: write all that is made from the code."""

from docs.generate.documents import generated

if __name__ == "__main__":
    for path, text in generated():
        path.write_text(text)
