"""Addresses in templates, made from one that the router made: a page of lines has some two hundred of them.

An address of the router differs only in its values where these are numbers, names or identifiers, which are written as
they are. Of every other it is asked itself.
"""

from __future__ import annotations

import re
from typing import Any

import flask
from flask import Flask
from werkzeug.routing import BuildError

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_Shape = tuple[str, tuple[str, ...], tuple[type, ...]]
_MARK = 9_000_000_000_000_000
"""Beyond every number in an address here."""


def register(app: Flask) -> None:
    """Let templates make addresses so."""
    app.jinja_env.globals["url_for"] = Links().url_for


class Links:
    """The addresses of one application, each made by its router once."""

    def __init__(self) -> None:
        self._made: dict[_Shape, str | None] = {}

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Return what Flask's `url_for` returns."""
        for value in values.values():
            if not _is_plain(value):
                return flask.url_for(endpoint, **values)
        shape = endpoint, tuple(values), tuple(map(type, values.values()))
        if shape not in self._made:
            self._made[shape] = _pattern(*shape)
        pattern = self._made[shape]
        return flask.url_for(endpoint, **values) if pattern is None else pattern % tuple(values.values())


def _is_plain(value: object) -> bool:
    if type(value) is int:
        return 0 <= value < _MARK
    return type(value) is str and _PLAIN.fullmatch(value) is not None


def _pattern(endpoint: str, names: tuple[str, ...], types: tuple[type, ...]) -> str | None:
    """Return an address with a gap for each value, in their order; None where the router has to be asked each time."""
    if endpoint.startswith(".") or any(name.startswith("_") for name in names):
        return None
    marks = [str(_MARK + place) for place in range(len(names))]
    try:
        made = flask.url_for(
            endpoint, **{name: one(mark) for name, one, mark in zip(names, types, marks, strict=True)}
        )
    except (BuildError, ValueError):  # it has more to say of a value than that it is one
        return None
    found = [made.find(mark) for mark in marks]
    if any(made.count(mark) != 1 for mark in marks) or found != sorted(found):
        return None
    pattern = made.replace("%", "%%")
    for mark in marks:
        pattern = pattern.replace(mark, "%s")
    return pattern
