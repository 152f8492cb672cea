"""What one page came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model.storage import Verdict

NONE_REFUSED: Final = (0,) * len(Verdict)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of one page, as far as it was read."""

    samples: int = 0  # Parsed.
    kept: int = 0  # Left after relabelling.
    added: int = 0  # Series that were new and stored.
    refused: Sequence[int] = NONE_REFUSED  # By `Verdict`; what was accepted does not matter here.


NO_TOTALS: Final = Totals()
