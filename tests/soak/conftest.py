"""What the full counts share with the tests of the same things."""

from __future__ import annotations

from tests.web.public.conftest import standing

__all__ = ["standing"]
