"""What one page came to."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.storage import Verdict


def _none() -> NDArray[np.int64]:
    return np.zeros(len(Verdict), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of one page, as far as it was read."""

    samples: int = 0  # Parsed.
    kept: int = 0  # Left after relabelling.
    added: int = 0  # Series that were new and stored.
    verdicts: NDArray[np.int64] = field(
        default_factory=_none, repr=False
    )  # [len(Verdict)]: samples with each.
