"""Frames on the door's Unix socket: four bytes of length, then one JSON object.

Errors travel as `{"error": {"code": ..., "detail": ...}}`; what a refused read leaves behind (index, promise)
travels with them.
"""

from __future__ import annotations

import json
import re
import socket
from typing import Any, Protocol

LARGEST_REQUEST = 16 * 1024 * 1024
LARGEST_ANSWER = 256 * 1024 * 1024
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class Readable(Protocol):
    """Where frames come from: a socket, or one with a deadline."""

    def recv(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none where the other side closed."""


class FrameError(Exception):
    """The other side does not speak this protocol, or broke off in the middle of a frame."""


class Spelled(bytes):
    """A member of an answer that is JSON already: what is large is spelled where it is made, and once."""


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Write one frame. Members of the answer may come spelled."""
    payload = _payload(message)
    connection.sendall(len(payload).to_bytes(4, "big") + payload)


def _payload(message: dict[str, Any]) -> bytes:
    answer = message.get("answer")
    if not isinstance(answer, dict) or not any(isinstance(one, Spelled) for one in answer.values()):
        return spell(message)
    members = [
        spell(name) + b":" + (one if isinstance(one, Spelled) else spell(one)) for name, one in answer.items()
    ]
    others = [spell(name) + b":" + spell(one) for name, one in message.items() if name != "answer"]
    return b"{" + b",".join([b'"answer":{' + b",".join(members) + b"}", *others]) + b"}"


def spell(value: object) -> bytes:
    """Return a value as JSON, as frames have it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def receive(connection: Readable, largest: int) -> dict[str, Any] | None:
    """Read one frame; None where the other side closed between two frames.

    Raises:
        FrameError: longer than `largest` bytes, not a JSON object, or cut off.
    """
    head = _exactly(connection, 4)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if length > largest:
        raise FrameError("the frame is too large")
    payload = _exactly(connection, length)
    if len(payload) < length:
        raise FrameError("the frame was cut off")
    try:
        message = json.loads(payload, parse_constant=_no_number)
        if _HALF_CHARACTER.search(payload):
            json.dumps(message, ensure_ascii=False).encode()  # half a character fits in no text of ours
    except (ValueError, RecursionError) as error:
        raise FrameError("the frame is not JSON") from error
    if not isinstance(message, dict):
        raise FrameError("the frame is not a JSON object")
    return message


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _exactly(connection: Readable, length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = connection.recv(min(length, 1 << 20))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
