"""The register of models: where data of people go through rules, estimates, selections or statistics (R47).

Data: `models.toml`, read once and checked whole. A privacy notice discloses each with its choices of method (4.1.22/13,
second paragraph).
"""

from __future__ import annotations

import enum
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from databeheer.errors import DatabeheerError

SHIPPED = Path(__file__).with_name("models.toml")


class ModelsError(DatabeheerError):
    """The register of models cannot be relied on; the message names the model and what is wrong."""

    code = "malformed-catalogue"


class ModelKind(enum.StrEnum):
    """What a model is, in the words of 4.1.22/13."""

    AUTOMATED_DECISION = "automated_decision"
    ESTIMATION = "estimation"
    DATA_MINING = "data_mining"
    SAMPLING = "sampling"


@dataclass(frozen=True)
class Model:
    """One model; `more` is a page of ours with the method in full, or empty."""

    code: str
    modules: tuple[str, ...]
    kind: ModelKind
    is_profiling: bool
    name_nl: str
    sentence_nl: str
    method_nl: str
    effect_nl: str
    review_nl: str
    more: str


@dataclass(frozen=True)
class Models:
    """The whole register; `version` names its bytes."""

    version: str
    models: tuple[Model, ...]

    @property
    def has_profiling(self) -> bool:
        return any(one.is_profiling for one in self.models)


@lru_cache(maxsize=1)
def shipped() -> Models:
    """Return this release's register; raises ModelsError."""
    return parse(SHIPPED.read_bytes())


def parse(content: bytes) -> Models:
    """Read a register from the bytes of its file; raises ModelsError."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelsError("the register of models is not TOML in UTF-8") from error
    rows = table.get("model")
    if set(table) != {"version", "model"} or not isinstance(rows, list) or not rows:
        raise ModelsError("the register of models has a version and rows called model")
    found = tuple(_model(row) for row in rows)
    if len({one.code for one in found}) < len(found):
        raise ModelsError("two models have the same code")
    return Models(f"{table['version']}-{sha256(content).hexdigest()[:12]}", found)


_NAMES = {field.name for field in fields(Model)}


def _model(row: object) -> Model:
    if not isinstance(row, dict) or set(row) != _NAMES:
        raise ModelsError(f"a model has {sorted(_NAMES)}")
    given: dict[str, Any] = row
    where = f"model {given['code']!r}"
    modules = given["modules"]
    if not isinstance(modules, list) or not modules or not all(isinstance(one, str) for one in modules):
        raise ModelsError(f"{where}: modules is a list of names")
    if given["kind"] not in set(ModelKind) or not isinstance(given["is_profiling"], bool):
        raise ModelsError(f"{where}: its kind, or whether it is profiling, is none")
    texts = _NAMES - {"modules", "kind", "is_profiling", "more"}
    if not all(isinstance(given[name], str) and given[name].strip() for name in texts):
        raise ModelsError(f"{where}: a text is missing")
    if not isinstance(given["more"], str) or (given["more"] and not given["more"].startswith("/")):
        raise ModelsError(f"{where}: more is a page of ours")
    return Model(**(given | {"modules": tuple(modules), "kind": ModelKind(given["kind"])}))
