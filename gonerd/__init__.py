"""GONERD: long-context named-entity data, its pipeline, and the harness around it.

The ground floor imports nothing heavy: torch, transformers, scrapy and spacy load with the stage that needs them,
`datasets` with the first dataset. Once this package is imported, `datasets.load_dataset("gonerd")` is its sample.
"""

from __future__ import annotations

from importlib import metadata

from .dataset.hook import install as _install_hook
from .dataset.load import load_dataset
from .errors import GonerdError, UsageError
from .records import Annotation, Document, Rejected, Span

try:
    __version__ = metadata.version("gonerd")
except metadata.PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0.0.0+unknown"

__all__ = [
    "Annotation",
    "Document",
    "GonerdError",
    "Rejected",
    "Span",
    "UsageError",
    "__version__",
    "load_dataset",
]

_install_hook()
