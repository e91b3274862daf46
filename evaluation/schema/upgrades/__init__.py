"""From one version of the schema to the next: `from_N` takes a file of version N to N + 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gonerd.registry import Registry

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
UPGRADES: Registry[Upgrade] = Registry("upgrade", __name__)
