"""Time and memory of models beside baselines, on this machine.

`plan` says which cells there are, `subject` and `gonerd.evaluation.baselines` what each runs. `child` runs one in a
process of its own, `turns` lets the processes of a group take turns, `run` keeps figures, `table` prints them.
"""

from .plan import EfficiencySettings
from .run import measure_efficiency

__all__ = ["EfficiencySettings", "measure_efficiency"]
