"""What can go wrong, by whose fault it is.

CardinalError
├── ConfigError            the caller's: a configuration that cannot be obeyed
├── QueryError             the caller's: a question that cannot be answered
│   ├── QuerySyntaxError       it does not parse or type-check
│   ├── QueryExecutionError    it has no answer over this data
│   │   └── QueryLimitError    it needs more samples than allowed
│   ├── QueryTimeoutError      its deadline passed
│   └── QueryCanceledError     nobody waits for it any more
├── AppendError            the caller's: samples that cannot be stored
└── StorageError           ours or the disk's: the store cannot do its work
    ├── DirectoryLockedError   another process has the data directory
    ├── CorruptStoreError      stored bytes are not what was written
    └── UnsupportedStoreError  stored samples are of a kind that this version does not read

Kernels raise `kernels.CorruptionError`, `kernels.ExpositionError` and `kernels.RegexError`; whoever calls a
kernel
adds the file or the URL and raises one of these.
"""


class CardinalError(Exception):
    """Root of every error that Cardinal raises on purpose."""


class ConfigError(CardinalError):
    """A configuration, flag or rule file that cannot be obeyed."""


class QueryError(CardinalError):
    """A question that cannot be answered; its text is what an API client reads."""


class QuerySyntaxError(QueryError):
    """The text of a query breaks the grammar or the type rules.

    `start` and `end` are the bytes of the query's UTF-8 text that the message is about.
    """

    def __init__(self, text: str, start: int = 0, end: int = 0) -> None:
        super().__init__(text)
        self.start = start
        self.end = end


class QueryExecutionError(QueryError):
    """A well-formed query that has no answer over this data."""


class QueryLimitError(QueryExecutionError):
    """A query that would hold more samples than `--query.max-samples`."""


class QueryTimeoutError(QueryError):
    """A query whose deadline passed."""


class QueryCanceledError(QueryError):
    """A query whose client went away, or that shutdown ended."""


class AppendError(CardinalError):
    """A sample or series that the store refuses."""


class StorageError(CardinalError):
    """The store cannot do its work: the disk is full, a file is missing, the database is closed."""


class DirectoryLockedError(StorageError):
    """Another process holds the data directory."""


class CorruptStoreError(StorageError):
    """Stored bytes that are not what was written; the text names file, offset, what was wanted and what
    came.
    """


class UnsupportedStoreError(StorageError):
    """Stored samples of a kind that this version does not read; the text names file, offset and kind."""
