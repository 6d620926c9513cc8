# SPDX-License-Identifier: MIT
"""`make docs`: write all that is made from the code."""

from appliance.config.text import shipped
from docs.generate import documents, pictures
from docs.generate.catalog import catalog

if __name__ == "__main__":
    for name, picture in pictures.PICTURES.items():
        (pictures.ROOT / name).write_text(picture())
    for file in pictures.READMES:
        file.write_text(pictures.updated(file.read_text()))
    documents.README.write_text(documents.updated(documents.README.read_text()))
    documents.SHIPPED.write_text(shipped())
    documents.CATALOG.write_text(catalog())
    documents.COMPLETION.write_text(documents.completion())
