"""Web hooks: one POST to the number that the name was resolved to; no redirect, little time, no word read in answer."""

from __future__ import annotations

import http.client
import ssl
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.errors import MalformedRequestError
from databeheer.post import addresses
from databeheer.post.addresses import Address, ForbiddenAddressError, Resolve
from databeheer.post.carrying import CarryError, RefusedForGoodError
from databeheer.post.pinned import Pinned, Term
from ledger.answers import Clock, answers_within

SECONDS = 15.0
"""For a whole attempt after the name was resolved, however the other side drips."""
_GONE = 410


class WebhookCarrier:
    """Posts web hooks. `loopback`: also to this machine without TLS (the demo). `clock`: seconds that only grow."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolver: Resolve = addresses.resolve,
        context: ssl.SSLContext | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._loopback, self._resolver, self._clock = loopback, resolver, clock
        self._context = context or ssl.create_default_context()

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        try:
            address = addresses.parse(letter["to"], loopback=self._loopback)
            number = addresses.pin(address, self._resolver)
        except MalformedRequestError as error:
            raise RefusedForGoodError("address-not-allowed") from error
        except ForbiddenAddressError as error:
            raise CarryError("address-not-public") from error
        status = self._post(address, number, letter["headers"], letter["body"].encode())
        if status == _GONE:
            raise RefusedForGoodError("http-410")
        if not 200 <= status < 300:  # a redirect too: it could lead anywhere
            raise CarryError(f"http-{status}")

    def _post(self, address: Address, number: str, headers: dict[str, str], body: bytes) -> int:
        term = Term(self._clock() + SECONDS, self._clock)
        connection = Pinned(address, number, term, self._context if address.is_tls else None)
        try:
            connection.request(
                "POST", address.target, body=body, headers=headers | {"user-agent": "databeheer/1"}
            )
            connection.response_class = answers_within(term.left(), self._clock)
            with connection.getresponse() as answer:
                return answer.status
        except TimeoutError as error:
            raise CarryError("timeout") from error
        except ssl.SSLError as error:
            raise CarryError("tls-failed") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CarryError("unreachable") from error
        finally:
            connection.close()
