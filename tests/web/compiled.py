"""Templates compiled once a run: every test makes an application of its own, and compiling takes most of a page."""

from __future__ import annotations

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _InMemory(BytecodeCache):
    """What Jinja compiled, by the template's name and the hash of its source."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], bytes] = {}

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
