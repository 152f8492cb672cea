"""What can go wrong with one scrape or one target; the texts are read on the targets page.

ScrapeError
├── RequestError           the target could not be asked
├── StatusError            it answered, but not with 200
├── BodyLimitError         its page is larger than allowed
├── ContentTypeError       its page is in no format we read
├── PageError              its page breaks the format, or has a series that cannot be stored
├── SeriesGoneError        the store forgot series that it has
├── SampleLimitError       its page has more samples than allowed
├── LabelLimitError        a series on it has more or longer labels than allowed
└── TargetLimitError       its job has more targets than allowed
TargetError            the labels of one discovered target make no target
"""

from model.errors import CardinalError
from scraper.totals import NO_TOTALS


class ScrapeError(CardinalError):
    """A scrape that failed; every series of its target goes stale."""

    totals = NO_TOTALS  # What was counted before the failure.


class RequestError(ScrapeError):
    """The target could not be asked, or did not answer in time."""


class StatusError(ScrapeError):
    """The target answered with another status than 200."""


class BodyLimitError(ScrapeError):
    """The page is larger than `body_size_limit`, or than anything we read."""

    def __init__(self) -> None:
        super().__init__("body size limit exceeded")


class ContentTypeError(ScrapeError):
    """The page is in no format that we read."""


class PageError(ScrapeError):
    """The page breaks its format, or a series on it cannot be stored."""


class SampleLimitError(ScrapeError):
    """The page has more samples than `sample_limit`."""

    def __init__(self) -> None:
        super().__init__("sample limit exceeded")


class LabelLimitError(ScrapeError):
    """A series has more labels, or longer ones, than the job allows."""


class SeriesGoneError(ScrapeError):
    """The store forgot series that the page still has; a second look at the page brings them back."""


class TargetLimitError(ScrapeError):
    """The job has more targets than `target_limit`; all of them fail."""


class TargetError(CardinalError):
    """Labels that make no target."""
