"""Text messages, handed to a spool directory: a file for each, which a sending program on this machine takes away.

The files are those of smsd (SMS Server Tools 3): a head with the number, an empty line, the words. A message that comes
twice has the same name, and takes the place of the one before as long as that was not taken.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from databeheer.errors import DatabeheerError
from databeheer.post.carrying import CarryError


class SMSSettingsError(DatabeheerError):
    """The spool directory of text messages is not there, or others may look into it."""

    code = "settings"


class SMSCarrier:
    """Hands text messages over to the program that sends them."""

    def __init__(self, spool: Path) -> None:
        """Use a directory that exists already.

        Raises:
            SMSSettingsError: it is none, or everybody may look into it.
        """
        if not spool.is_dir():
            raise SMSSettingsError("DATABEHEER_SMS_SPOOL: make this directory first")
        if spool.stat().st_mode & 0o007:
            raise SMSSettingsError("DATABEHEER_SMS_SPOOL: close it to others (chmod o=)")
        self._spool = spool

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        hidden, place = self._spool / f".{delivery_id}", self._spool / str(delivery_id)
        try:
            descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"To: {letter['to'].lstrip('+')}\nAlphabet: UTF-8\n\n{letter['body']}")
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(place)  # whole or not at all
        except OSError as error:
            raise CarryError("sms-spool") from error
