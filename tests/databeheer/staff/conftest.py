"""The house of each file of tests, and who works at its desk."""

from __future__ import annotations

from tests.desk import house, nadia

__all__ = ["house", "nadia"]
