"""A mistake in a query and its place, before line and column are known."""

from model.errors import QuerySyntaxError


class LocatedError(Exception):
    """Raised by the lexer, the builder and the check; `parse` makes a `QuerySyntaxError` of it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start  # Bytes into the query's UTF-8 text.
        self.end = end

    def in_query(self, query: str) -> QuerySyntaxError:
        """The error that a client reads, `<line>:<column>: parse error: <message>`."""
        place = place_of(query, self.start)
        return QuerySyntaxError(f"{place}: parse error: {self.message}", self.start, self.end)


def place_of(query: str, start: int) -> str:
    """`<line>:<column>` of a byte offset, both from 1; columns are bytes."""
    if not query:
        return "unknown position"
    before = query.encode(errors="surrogatepass")[:start]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return f"{line}:{column}"
