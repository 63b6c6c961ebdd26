"""Requests with a token, sent again where that is safe: after `Retry-After`, or longer each time.

Sent again is what changes nothing the second time: a look, a PUT, a DELETE, or what has an idempotency key. Of anything
else only what was surely not carried out (429).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from databeheer_client.credentials import Credentials
from databeheer_client.problems import ProblemError, UnreachableError, problem

REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
SPARE = 60
"""Seconds before its end at which another token is asked."""
SECONDS = 60.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow none: the token is for this house alone."""


@dataclass
class Transport:
    """One house, one client. `longest_wait`: what asks to wait longer is told to the caller instead, in seconds."""

    base: str
    credentials: Credentials
    attempts: int = 5
    longest_wait: int = 120
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    _token: str = field(default="", repr=False)
    _good_until: float = 0.0
    _issuer: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("a token goes over https only, but for this machine")
        self.base = self.base.rstrip("/")
        self._opener = build_opener(_NoRedirect())

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        key: str | None = None,
    ) -> Answer:
        """Send one request, with a live token; `key` is an idempotency key.

        Raises:
            ProblemError: it is refused, or there is no more use in waiting.
            UnreachableError: no answer came.
        """
        headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        address = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        is_repeatable = method in REPEATABLE or key is not None

        def once() -> Answer:
            headers["Authorization"] = f"Bearer {self._live_token()}"
            return self._once(Request(address, data, headers, method=method))  # noqa: S310  checked above

        try:
            return self._repeat(once, is_repeatable)
        except ProblemError as refusal:
            if refusal.status != 401 or not self._token:
                raise
        self._token = ""  # ended before its time: once more with another one
        return self._repeat(once, is_repeatable)

    def _live_token(self) -> str:
        if not self._token or self._good_until <= self.now():
            answer = self._repeat(self._ask_token, is_repeatable=True)
            minted = answer.json()
            self._token = str(minted["access_token"])
            self._good_until = self.now() + int(minted["expires_in"]) - SPARE
        return self._token

    def _ask_token(self) -> Answer:
        if not self._issuer:
            about = f"{self.base}/.well-known/oauth-authorization-server"
            self._issuer = str(self._once(Request(about)).json()["issuer"])  # noqa: S310
        form = {"grant_type": "client_credentials"} | self.credentials.form(self._issuer, int(self.now()))
        return self._once(Request(f"{self.base}/oauth2/token", urlencode(form).encode()))  # noqa: S310

    def _repeat(self, once: Callable[[], Answer], is_repeatable: bool) -> Answer:
        for attempt in range(1, self.attempts + 1):
            wait = min(2.0**attempt / 2, 30.0)
            try:
                return once()
            except UnreachableError:
                if not is_repeatable or attempt == self.attempts:
                    raise
            except ProblemError as refusal:
                is_over = attempt == self.attempts or (refusal.retry_after or 0) > self.longest_wait
                may = refusal.status == 429 or (refusal.status == 503 and is_repeatable)
                if is_over or not may:
                    raise
                wait = float(refusal.retry_after or wait)
            self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, request: Request) -> Answer:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read())
        except HTTPError as refusal:
            with refusal:
                raise problem(refusal.code, _lower(refusal.headers), refusal.read()) from None
        except (URLError, OSError, HTTPException) as error:
            raise UnreachableError(str(error)) from error


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
