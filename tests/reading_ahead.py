"""Workers that begin together share the rewriting of the asserts, which is kept beside each module.

In the same order each of them would come upon a module just before the other has it ready, and do all of it: half a
minute on a fresh clone. So each begins somewhere else; what the others have done by the time it gets there, it reads.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path

import pytest


def read_ahead(config: pytest.Config) -> None:
    """Import the test modules of this run, each worker from its own part on; collecting finds them imported."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return
    modules = _modules(config)
    first = len(modules) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in modules[first:] + modules[:first]:
        name = ".".join(path.relative_to(config.rootpath).with_suffix("").parts)
        with suppress(Exception, pytest.skip.Exception):  # collecting meets it again, and says so
            importlib.import_module(name)


def _modules(config: pytest.Config) -> list[Path]:
    left_out = set(config.getini("norecursedirs"))
    found = set()
    for argument in config.args:
        place = config.invocation_params.dir / argument.partition("::")[0]
        files = place.rglob("test_*.py") if place.is_dir() else [place]
        found |= {path for path in files if left_out.isdisjoint(path.relative_to(config.rootpath).parts)}
    return sorted(found)
