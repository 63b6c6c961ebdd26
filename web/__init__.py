"""The web: customers' portal, market API, oversight and public pages. It parses, asks the door, renders.

It holds no key and appends to no ledger: whatever leaves, leaves through `databeheer.door.client`.
"""

from __future__ import annotations

from web.app import close, create_app
from web.settings import WebSettings

__all__ = ["WebSettings", "close", "create_app"]
