"""The market API `/api/v1`: what parties ask, read and end, as JSON, CSV and Parquet (English, OpenAPI 3.1)."""

from __future__ import annotations

from web.api.wiring import register

__all__ = ["register"]
