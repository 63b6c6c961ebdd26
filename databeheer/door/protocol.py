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


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Write one frame."""
    payload = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    connection.sendall(len(payload).to_bytes(4, "big") + payload)


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
