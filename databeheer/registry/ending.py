"""How a fact that holds for a while, in days, ends: one statement for all of them.

An end on a fact's first day, or before it, cancels it: the fact keeps its beginning and holds no day. What was entered
by mistake, or planned and called off, is undone so, and stays on record as something that never held.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text


def ending(table: str, where: str) -> TextClause:
    """Return the statement that ends rows of a table `where` holds at the beginning of `:day`; returns those rows.

    A row that ends by then, or was cancelled, is left as it is: an end only ever takes days away. Both arguments are
    constants of the module that asks.
    """
    return text(
        f"UPDATE {table} SET until_day = greatest(from_day, :day) WHERE {where}"  # noqa: S608  constants
        " AND (until_day IS NULL OR until_day > greatest(from_day, :day)) RETURNING *"
    )
