"""The market API's own calls, typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from databeheer_client.credentials import Credentials
from databeheer_client.problems import NotYetError
from databeheer_client.transport import Transport
from databeheer_client.values import Item, Permission, Readings, Request

BOTH = ("offtake", "injection")


class Client:
    """One party's program at one house; `base` is its address. Not for several threads at once.

    Every call may raise a `ProblemError` (refused; its class says what that asks of you) or an `UnreachableError`.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._http = Transport(base, credentials, sleep=sleep, now=now)
        self._sleep = sleep

    def me(self) -> dict[str, Any]:
        """Who you are here: id, name, role."""
        found: dict[str, Any] = self._http.send("GET", "/api/v1/me").json()
        return found

    def ask_permission(
        self,
        purpose: str,
        granularity: str,
        data_from: date,
        *,
        data_until: date | None = None,
        valid_until: date | None = None,
        directions: Sequence[str] = BOTH,
        reference: str | None = None,
        key: str | None = None,
    ) -> Request:
        """Ask a grid user for a permission: send the grid user to the answer's `link`.

        `key`: an idempotency key of yours; without one each call has its own, so that it can be sent again.
        """
        wish: dict[str, Any] = {
            "purpose": purpose,
            "granularity": granularity,
            "directions": list(directions),
            "data_from": data_from.isoformat(),
            "data_until": None if data_until is None else data_until.isoformat(),
            "valid_until": None if valid_until is None else valid_until.isoformat(),
        }
        if reference is not None:
            wish["reference"] = reference
        made = self._http.send("POST", "/api/v1/permission-requests", body=wish, key=key or str(uuid4()))
        return Request.read(made.json())

    def permission(self, permission_id: str) -> Permission:
        """One permission, as it stands now."""
        return Permission.read(self._http.send("GET", f"/api/v1/permissions/{permission_id}").json())

    def permissions(self, **filters: str) -> Iterator[Permission]:
        """All of yours, page after page, newest first; with `state="active"` and the like only some."""
        query = dict(filters)
        while True:
            page = self._http.send("GET", "/api/v1/permissions", query=query).json()
            yield from (Permission.read(one) for one in page["permissions"])
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def readings(
        self,
        permission_id: str,
        first: date,
        until: date,
        granularity: str | None = None,
        mode: str = "strict",
    ) -> Readings:
        """Values of [first, until), Brussels days. `mode="clip"` gives what is granted of it, not a refusal."""
        query = {"from": first.isoformat(), "until": until.isoformat(), "mode": mode}
        if granularity is not None:
            query["granularity"] = granularity
        return Readings.read(
            self._http.send("GET", f"/api/v1/permissions/{permission_id}/readings", query=query).json()
        )

    def readings_of(
        self,
        permissions: Sequence[str],
        first: date,
        until: date,
        granularity: str | None = None,
        mode: str = "clip",
        key: str | None = None,
    ) -> list[Item]:
        """Values of up to a thousand permissions, one item for each in your order, with its own problem if any.

        `key`: an idempotency key of yours; without one each call has its own, so that it can be sent again.
        """
        body: dict[str, Any] = {
            "permissions": list(permissions),
            "from": first.isoformat(),
            "until": until.isoformat(),
            "mode": mode,
        }
        if granularity is not None:
            body["granularity"] = granularity
        answer = self._http.send("POST", "/api/v1/readings", body=body, key=key or str(uuid4())).json()
        return [Item.read(one) for one in answer["items"]]

    def receipt(self, readings: Readings, patience: int = 90) -> bytes:
        """The proof that a hand-over is in the public ledger; waits for it up to `patience` seconds."""
        waited = 0
        while True:
            try:
                return self._http.send("GET", readings.receipt, accept="*/*").body
            except NotYetError as not_yet:
                wait = not_yet.retry_after or 1
                waited += wait
                if waited > patience:
                    raise
                self._sleep(wait)

    def end(self, permission_id: str) -> Permission:
        """End a permission, or give a request up: reading stops at once."""
        path = f"/api/v1/permissions/{permission_id}"
        return Permission.read(self._http.send("DELETE", path, key=str(uuid4())).json())

    def confirm_deletion(self, permission_id: str) -> Permission:
        """Say that you deleted what you read by a permission that ended."""
        path = f"/api/v1/permissions/{permission_id}/deletion-confirmation"
        return Permission.read(self._http.send("POST", path, key=str(uuid4())).json())

    def set_webhook(self, url: str, *, rotate: bool = False) -> str | None:
        """Set where you want to be told; returns the secret where a new one was made: keep it, it is shown once."""
        made = self._http.send("PUT", "/api/v1/webhooks", body={"url": url, "rotate": rotate}).json()
        secret: str | None = made.get("secret")
        return secret

    def replay_webhooks(self, since: str, state: str | None = None) -> int:
        """Have all web hooks since a moment sent again, or those in one state (`dead`); returns how many."""
        body = {"since": since} | ({} if state is None else {"state": state})
        replayed: int = self._http.send("POST", "/api/v1/webhooks/replay", body=body).json()["replayed"]
        return replayed
