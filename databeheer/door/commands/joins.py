"""The join gate: the only translation between pseudonymisation domains."""

from __future__ import annotations

from databeheer.door.commands.base import Command

COMMANDS: tuple[Command, ...] = ()
