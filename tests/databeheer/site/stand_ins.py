"""The command line without a house: what a command asks is looked at; what the door does of it is shown elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest


class DoorStandIn:
    """In the place of a door and its client; a test's own answers what its command asks."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def call(self, command: str, proof: Any, **arguments: Any) -> dict[str, Any]:
        raise NotImplementedError


def put_in_place(
    door: DoorStandIn, module: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Let the commands of `module` find `door` where they look for a house."""
    key = folder / "key"
    key.write_text("key")

    class Home:
        path, door_socket = folder, folder / "socket"
        intake_key = operator_key = key

        @classmethod
        def from_environment(cls) -> type[Home]:
            return cls

        require: Callable[[], None] = staticmethod(lambda: None)

    monkeypatch.setattr(module, "Home", Home)
    monkeypatch.setattr(module, "running", lambda _home: door)
    monkeypatch.setattr(module, "DoorClient", lambda _socket, **_: door)
