"""The facade: calls of clients of the Fluvius energy-service API v3, answered as those clients expect.

Clients change two addresses: the base (`<host>/esco`) and the token address.
See docs/how-to/read-as-a-market-party.md.
"""

from __future__ import annotations

from web.facade.wiring import register

__all__ = ["register"]
