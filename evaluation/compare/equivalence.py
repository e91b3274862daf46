"""Is the difference small enough not to matter? Two one-sided tests against a stated margin."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gonerd.errors import UsageError


@dataclass(frozen=True)
class Equivalence:
    """Result of two one-sided tests (Schuirmann 1987).

    Attributes:
        margin: Largest difference that does not matter, in the unit of the score.
        p_below: p-value of "the difference is not below -margin".
        p_above: p-value of "the difference is not above +margin".
        p: The larger of the two: below 0.05, the two are equivalent at that level.
        low: Lower end of the 90 % interval; equivalence at 0.05 means that it lies within the margin.
        high: Upper end.
    """

    margin: float
    p_below: float
    p_above: float
    p: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Returns it for a result file."""
        return {**asdict(self), "equivalent": self.p < 0.05}


def tost(difference: float, error: float, freedom: int, margin: float) -> Equivalence:
    """Tests a difference for equivalence.

    Args:
        difference: Second - first.
        error: Its standard error.
        freedom: Degrees of freedom: pairs - 1.
        margin: Largest difference that does not matter.

    Returns:
        Both p-values and the 90 % interval. Without any spread the answer is certain.

    Raises:
        UsageError: The margin is not above 0, or there is no pair to spare.
    """
    from scipy.stats import t

    if not margin > 0:
        raise UsageError(f"--margin {margin}: give the largest difference that does not matter, above 0")
    if freedom < 1:
        raise UsageError("an equivalence test needs at least two documents; score more of them")
    if error == 0:
        below, above = float(difference <= -margin), float(difference >= margin)
        return Equivalence(margin, below, above, max(below, above), difference, difference)
    below = float(t.sf((difference + margin) / error, freedom))
    above = float(t.cdf((difference - margin) / error, freedom))
    half = float(t.ppf(0.95, freedom)) * error
    return Equivalence(margin, below, above, max(below, above), difference - half, difference + half)
