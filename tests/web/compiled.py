"""Templates and routes compiled once a run: every test makes an application of its own.

Compiling takes most of a page, and four fifths of making an application: werkzeug writes and compiles two functions for
each of its two hundred routes, which build its addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class _InMemory(BytecodeCache):
    """What Jinja compiled, by the template's name and the hash of its source."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], bytes] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        # A template is compiled once a language (web.said_templates).
        language = getattr(environment, "language", None)
        return super().get_bucket(environment, f"{language} {name}", filename, source)

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self._compiled.get((bucket.key, bucket.checksum))
        if known is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_CACHE = _InMemory()


def with_compiled_templates(app: Flask) -> Flask:
    """Let an application take its templates from those before it, where their source is the same."""
    app.jinja_env.bytecode_cache = _CACHE
    return app


_compile_builder = Rule._compile_builder
_BUILDERS: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}


def _builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """What werkzeug compiles for a route, of which it is a function without anything else of the route in it."""
    if rule.defaults:
        return _compile_builder(rule, append_unknown)
    key = rule.rule, tuple(rule._trace), append_unknown
    if key not in _BUILDERS:
        _BUILDERS[key] = _compile_builder(rule, append_unknown)
    return _BUILDERS[key]


Rule._compile_builder = _builder  # type: ignore[method-assign]
