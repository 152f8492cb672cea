"""What the engine cannot do.

QueryExecutionError (model.errors)
└── NotYetSupportedError   a part of the language that parses and has no evaluation here yet
"""

from model.errors import QueryExecutionError


class NotYetSupportedError(QueryExecutionError):
    """A question that needs what Cardinal does not store or compute yet; the text names it."""
