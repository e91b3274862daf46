"""A reader with a pretrained encoder under it: windows, network, fitting, reading."""

from __future__ import annotations

FOLDER = "encoder"  # in the folder of a pipeline
WEIGHTS = "reader.safetensors"
SETTINGS = "reader.json"
DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
