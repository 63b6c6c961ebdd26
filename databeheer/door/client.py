"""How other processes reach the door: the only module of it that they import."""

from __future__ import annotations

import select
import socket
import threading
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from databeheer.door.protocol import LARGEST_ANSWER, FrameError, receive, send
from databeheer.errors import DatabeheerError

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Proof:
    """What shows who asks: a session or access token, a letter's code, or the key of the operator, intake, clerk,
    postman or proxy.

    `certificate`: the print of the certificate that the caller of the web came with, for a token that is bound to it,
    and for staff at a workstation of the house.
    """

    kind: str
    value: str
    certificate: str = ""

    @classmethod
    def session(cls, value: str, certificate: str = "") -> Proof:
        return cls("session", value, certificate)

    @classmethod
    def token(cls, value: str, certificate: str = "") -> Proof:
        return cls("token", value, certificate)

    @classmethod
    def operator(cls, value: str) -> Proof:
        return cls("operator", value)

    @classmethod
    def intake(cls, value: str) -> Proof:
        return cls("intake", value)

    @classmethod
    def clerk(cls, value: str) -> Proof:
        return cls("clerk", value)

    @classmethod
    def postman(cls, value: str) -> Proof:
        return cls("postman", value)

    @classmethod
    def proxy(cls, value: str) -> Proof:
        """The key of the proxy that ends TLS: with it a certificate shows who a client is."""
        return cls("proxy", value)

    @classmethod
    def letter(cls, value: str) -> Proof:
        """The code of an approval letter, or what fetches the receipt of the answer that it gave."""
        return cls("letter", value)

    def __repr__(self) -> str:
        return f"Proof({self.kind})"


class DoorRefusedError(DatabeheerError):
    """The door said no; `code` and the message are the door's own.

    Where the refusal is in the ledger, `index` and `promise` (a signed note) say where.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("detail", "")))
        self.code = str(error.get("code", "error"))
        self.index: int | None = error.get("index")
        self.promise: str | None = error.get("promise")
        self.retry_after: int | None = error.get("retry_after")
        self.reason: str | None = error.get("reason")
        self.earliest: str | None = error.get("earliest")
        self.refused: list[dict[str, Any]] = error.get("refused", [])
        self.problems: list[dict[str, Any]] = error.get("problems", [])

    @property
    def promise_note(self) -> bytes | None:
        """The promise as the bytes of a signed note."""
        return b64decode(self.promise) if self.promise else None


class DoorUnreachableError(DatabeheerError):
    """The door does not answer: nothing was decided and nothing left."""

    code = "unavailable"


DoorRefused = DoorRefusedError
DoorUnreachable = DoorUnreachableError


class DoorClient:
    """A client of the door; one connection a thread, made anew after a fault."""

    def __init__(self, socket_path: Path | str, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._path = str(socket_path)
        self._timeout = timeout_seconds
        self._local = threading.local()

    def call(self, command: str, proof: Proof | None = None, **arguments: Any) -> dict[str, Any]:
        """Ask the door something and return its answer.

        Raises:
            DoorRefusedError: the door's own refusal or error, with its code.
            DoorUnreachableError: no answer. A command may or may not have been carried out: ask for the state.
        """
        shown = {"kind": proof.kind, "value": proof.value} if proof else {"kind": "none", "value": ""}
        if proof and proof.certificate:
            shown["certificate"] = proof.certificate
        message = {"command": command, "proof": shown, "arguments": arguments}
        answer = self._exchange(message)
        if "error" in answer:
            raise DoorRefusedError(answer["error"])
        result = answer.get("answer")
        if not isinstance(result, dict):
            raise DoorUnreachableError("the door's answer is not understood")
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send once, receive once. Never sent twice: the door may have carried a command out before it broke off."""
        try:
            connection = self._connection()
            send(connection, message)
            answer = receive(connection, LARGEST_ANSWER)
        except ValueError as error:  # nothing was sent: half a character, or no number
            raise DoorRefusedError({"code": "malformed-request", "detail": "a value is no text"}) from error
        except (OSError, FrameError) as error:
            self.close()
            raise DoorUnreachableError("the door does not answer") from error
        if answer is None:
            self.close()
            raise DoorUnreachableError("the door broke off")
        return answer

    def _connection(self) -> socket.socket:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is not None and _is_closed(connection):  # the door was restarted in between
            self.close()
            connection = None
        if connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(self._timeout)
                connection.connect(self._path)
            except OSError:
                connection.close()
                raise
            self._local.connection = connection
        return connection


def _is_closed(connection: socket.socket) -> bool:
    # Between two calls nothing is on its way to us: readable means that the other side closed.
    return bool(select.select([connection], [], [], 0)[0])
