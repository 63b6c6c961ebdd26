"""The postman's process: takes messages further by e-mail and web hook. It has its own login and key, and no other."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from databeheer.clock import Clock, SystemClock
from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from databeheer.errors import DatabeheerError
from databeheer.logs import configure
from databeheer.post.carrying import Carrier, CarryError
from databeheer.post.deliveries import Channel
from databeheer.post.email_carrier import EmailCarrier, EmailSettings
from databeheer.post.postman import Postman
from databeheer.post.sms_carrier import SMSCarrier
from databeheer.post.webhook_carrier import WebhookCarrier
from databeheer.storage.engine import make_engine


class DoorLetters:
    """Letters that the door opens, for the postman's own key."""

    def __init__(self, door: DoorClient, key: str) -> None:
        self._door, self._proof = door, Proof.postman(key)

    def open(self, delivery_id: UUID) -> dict[str, Any]:
        try:
            return self._door.call("post.open", self._proof, delivery_id=str(delivery_id))
        except DoorUnreachableError as error:
            raise CarryError("door-away") from error
        except DoorRefusedError as refusal:
            raise CarryError(f"door-{refusal.code}") from refusal

    def close(self) -> None:
        self._door.close()


def postman_from(environment: Mapping[str, str], clock: Clock | None = None) -> Postman:
    """Build the postman from its environment; `clock` is for the tests' injected one.

    Raises:
        KeyError: a setting is missing.
        EmailSettingsError: those of e-mail are incomplete or unsafe.
        SMSSettingsError: the spool of text messages is no directory, or open to everybody.
    """
    loopback = environment.get("DATABEHEER_LOOPBACK_WEBHOOKS") == "1"
    carriers: dict[Channel, Carrier] = {Channel.WEBHOOK: WebhookCarrier(loopback=loopback)}
    email = EmailSettings.from_environment(environment)
    if email is not None:
        carriers[Channel.EMAIL] = EmailCarrier(email)
    if spool := environment.get("DATABEHEER_SMS_SPOOL"):
        carriers[Channel.SMS] = SMSCarrier(Path(spool))
    return Postman(
        make_engine(environment["DATABEHEER_POSTMAN_DATABASE_URL"], pool_size=2, max_overflow=0),
        DoorLetters(
            DoorClient(environment["DATABEHEER_DOOR_SOCKET"]),
            Path(environment["DATABEHEER_POSTMAN_KEY"]).read_text(),
        ),
        carriers,
        clock or SystemClock(),
    )


def main() -> int:
    """Deliver until SIGTERM or SIGINT."""
    configure()
    try:
        postman = postman_from(os.environ)
    except KeyError as error:
        sys.stderr.write(f"the postman does not start: it needs {error.args[0]}\n")
        return 2
    except (DatabeheerError, OSError) as error:
        sys.stderr.write(f"the postman does not start: {error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    postman.run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
