"""What models are measured beside: one file each, found by itself.

To add one, write `baselines/<name>.py` that registers a `Baseline` under its name, and its test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gonerd.registry import Registry

if TYPE_CHECKING:
    from gonerd.evaluation.efficiency.plan import Facts
    from gonerd.evaluation.efficiency.subject import Job, Subject


@dataclass(frozen=True)
class Baseline:
    """What a model is measured beside.

    Attributes:
        about: What it is, for people.
        against: (what is known of the model, tokens of a text) -> why it cannot be measured there, or None.
        make: Makes what is run, in the cell's own process; `Job.source` is the model that it stands beside.
    """

    about: str
    against: Callable[[Facts, int], str | None]
    make: Callable[[Job], Subject]


BASELINES: Registry[Baseline] = Registry("baseline", __name__)
