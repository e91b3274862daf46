"""A reader with a pretrained encoder under it: windows, network, fitting, reading.

What it makes of a word is the network's view and a linear chain's, of the place and of the places in the document
that are like it.
"""

from __future__ import annotations

FOLDER = "encoder"  # in the folder of a pipeline
WEIGHTS = "reader.safetensors"
CHAIN = "chain.crfsuite"
SETTINGS = "reader.json"
