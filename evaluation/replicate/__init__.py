"""The review, redone: the whole matrix of a configuration as one job that resumes, and what its results say.

A configuration (`configs/replicate-small.yaml`) names an encoder, attentions, tasks and budgets. From it follows a list
of work: text, models (a recipe of `gonerd.models.distill`), cells of model, task and seed, times, the report. Each has
a folder of its own, is known again when it is done, and is refused where it was done otherwise.
"""

from .config import Replicate, read_replicate

__all__ = ["Replicate", "read_replicate"]
