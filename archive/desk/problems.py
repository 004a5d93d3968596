"""What can be wrong with a search, in both languages: the command line prints English, a page its own."""

from __future__ import annotations

from archive.desk.language import say
from archive.errors import BadDateRange, BadQuery


class SearchProblem(BadQuery):
    """A query or a filter that cannot be read; *key* names its sentence in ``strings``."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"problem.{key}"
        self.values = values
        super().__init__(say("en", self.key, **values))


class DateProblem(BadDateRange):
    """A date filter that cannot be read; *key* names its sentence in ``strings``."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"problem.{key}"
        self.values = values
        super().__init__(say("en", self.key, **values))


class SearchTooSlow(SearchProblem):
    """The search was stopped after the time a single reader may take from the others."""

    def __init__(self) -> None:
        super().__init__("too_slow")
