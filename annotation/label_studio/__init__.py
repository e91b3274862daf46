"""Review in Label Studio: documents go there as tasks with suggestions, completed annotations come back as a layer."""

from __future__ import annotations

from .client import Client
from .pull import PullSummary, pull
from .push import PushSummary, push
from .token import read_token

__all__ = ["Client", "PullSummary", "PushSummary", "pull", "push", "read_token"]
