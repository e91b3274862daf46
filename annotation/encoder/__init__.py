"""A reader with a pretrained encoder under it: windows, network, fitting, reading.

What it makes of a word is its own view, a linear chain's beside it, and what the document says of the word elsewhere.
"""

from __future__ import annotations

FOLDER = "encoder"  # in the folder of a pipeline
WEIGHTS = "reader.safetensors"
CHAIN = "chain.crfsuite"
SETTINGS = "reader.json"
