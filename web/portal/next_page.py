"""What the visitor's next page says of what he just did: facts, which that page's template puts into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash


def says(category: str, facts: Mapping[str, Any]) -> None:
    """Let the next page say this once; JSON values, kept in its browser's own cookie."""
    flash(dict(facts), category)  # type: ignore[arg-type]  # Flask keeps any JSON; its types know texts alone
