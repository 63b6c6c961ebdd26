"""Real calls to our own market API over HTTP, as a party's program makes them, kept for showing; demo only."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

from databeheer.errors import UnavailableError

_TIMEOUT_SECONDS = 20.0
_LARGEST = 2 * 1024 * 1024
_SHOWN_LINES = 40


class CallError(UnavailableError):
    """The API did not answer at all."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as a terminal would show them; the access token is left out."""

    command: str
    status: int
    promise: str
    receipt: str
    text: str
    members: dict[str, Any] = field(repr=False)

    @property
    def is_refused(self) -> bool:
        return self.status >= 400

    @property
    def value_count(self) -> int:
        """How many slots with a value came."""
        channels = self.members.get("channels", [])
        return sum(1 for channel in channels for slot in channel["readings"] if slot["value"] is not None)


@dataclass(frozen=True)
class Credentials:
    """What a party's program knows."""

    name: str
    client_id: str
    client_secret: str = field(repr=False)


class ApiProgram:
    """A party's program: gets a token once, then calls."""

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._token = ""

    def get(self, path: str, **query: str) -> Exchange:
        address = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._call("GET", address, None)

    def post(self, path: str, members: dict[str, Any]) -> Exchange:
        return self._call("POST", path, members)

    def _call(self, method: str, path: str, members: dict[str, Any] | None) -> Exchange:
        data = json.dumps(members).encode() if members is not None else None
        headers = {"Authorization": f"Bearer {self._bearer()}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        status, answered, text = _send(self._base_url + path, method, data, headers)
        return Exchange(
            command=_curl(self._base_url + path, method, members),
            status=status,
            promise=_promise(answered.get("Ledger-Promise", "")),
            receipt=answered.get("Link", ""),
            text=_shown(text),
            members=_members(text),
        )

    def _bearer(self) -> str:
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            }
            body = urllib.parse.urlencode(form).encode()
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            status, _, text = _send(f"{self._base_url}/oauth2/token", "POST", body, kind)
            self._token = str(_members(text).get("access_token", "")) if status == 200 else ""
            if not self._token:
                raise CallError("the API gave no token")
        return self._token


def _send(
    address: str, method: str, data: bytes | None, headers: dict[str, str]
) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read(_LARGEST).decode("utf-8")
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, dict(refusal.headers), refusal.read(_LARGEST).decode("utf-8")
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        raise CallError("the API did not answer") from error


def _curl(address: str, method: str, members: dict[str, Any] | None) -> str:
    lines = [f"curl '{address}'", '  -H "Authorization: Bearer $TOKEN"']
    if method != "GET":
        lines[0] = f"curl -X {method} '{address}'"
    if members is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(members)}'"]
    return " \\\n".join(lines)


def _members(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _shown(text: str) -> str:
    members = _members(text)
    lines = (json.dumps(members, indent=2, ensure_ascii=False) if members else text).splitlines()
    if len(lines) <= _SHOWN_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:_SHOWN_LINES], f"… nog {len(lines) - _SHOWN_LINES} regels"])


def _promise(header: str) -> str:
    try:
        return b64decode(header).decode("utf-8")
    except ValueError:
        return ""
