"""The demo's post box: where its e-mail and one party's web hooks arrive, and the story of who wants them."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from databeheer.clock import Clock
from databeheer.demo.arrivals import Arrivals
from databeheer.demo.hook_server import HookServer
from databeheer.demo.mail_server import MailServer
from databeheer.door.client import DoorClient
from databeheer.metering.street.plan import StreetPlan
from databeheer.post.carrying import Carrier
from databeheer.post.deliveries import Channel
from databeheer.post.email_carrier import EmailCarrier, EmailSettings, Security
from databeheer.post.postman import Postman
from databeheer.post.webhook_carrier import WebhookCarrier
from databeheer.site.home import Home
from databeheer.site.postman import DoorLetters
from databeheer.site.storytelling import Teller
from databeheer.storage.engine import make_engine

MARIAS_ADDRESS = "maria.verhaegen@voorbeeld.be"
DATA_MANAGERS_ADDRESS = "databeheer@voorbeeld.be"
SENDER = "databeheer <geen-antwoord@databeheer.example>"
HOOKED = "monitor"
"""Whose web hooks arrive here."""


class PostBox:
    """The two servers and what they took. `hooks`, as it was kept: on which port, and the party's secret."""

    def __init__(self, folder: Path, hooks: dict[str, Any] | None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.arrivals = Arrivals(folder / "arrivals.json")
        self.mail = MailServer(self.arrivals.add)
        self.hooks = HookServer(self.arrivals.add, hooks["port"] if hooks else 0)
        self.hooks.secret = hooks["secret"] if hooks else ""
        for server in (self.mail, self.hooks):
            threading.Thread(target=server.serve_forever, name="post box", daemon=True).start()

    def close(self) -> None:
        """Take nothing more."""
        for server in (self.mail, self.hooks):
            server.shutdown()
            server.server_close()

    @property
    def postman_settings(self) -> dict[str, str]:
        """How the demo's postman reaches it."""
        return {
            "DATABEHEER_LOOPBACK_WEBHOOKS": "1",
            "DATABEHEER_SMTP_HOST": "127.0.0.1",
            "DATABEHEER_SMTP_PORT": str(self.mail.port),
            "DATABEHEER_SMTP_SECURITY": "plain",
            "DATABEHEER_EMAIL_FROM": SENDER,
        }

    def settle(self, teller: Teller) -> dict[str, Any]:
        """Have the party's web hooks come here; returns what to keep of it."""
        made = teller.party(HOOKED, "webhook.put", url=self.hooks.url, rotate=True)
        self.hooks.secret = made["webhook"]["secret"]
        return {"port": self.hooks.port, "secret": self.hooks.secret}


def story_postman(home: Home, database_url: str, box: PostBox, clock: Clock) -> Postman:
    """The postman at the story's time."""
    settings = EmailSettings("127.0.0.1", box.mail.port, SENDER, Security.PLAIN)
    letters = DoorLetters(DoorClient(home.story_socket), home.postman_key.read_text())
    engine = make_engine(database_url, pool_size=2, max_overflow=0)
    carriers: dict[Channel, Carrier] = {
        Channel.EMAIL: EmailCarrier(settings),
        Channel.WEBHOOK: WebhookCarrier(loopback=True),
    }
    return Postman(engine, letters, carriers, clock)


def bring(postman: Postman) -> None:
    """Deliver what waits, at the story's time."""
    for channel in Channel:
        while postman.round(channel):
            pass


def tell_post(teller: Teller, plan: StreetPlan, box: PostBox, postman: Postman) -> dict[str, Any]:
    """Maria has her messages sent to her address too, and one party takes web hooks; returns what to keep of it.

    The postman is the real one, with the story's clock: it brings the code that Maria gives back.
    """
    teller.at(plan.last_day - timedelta(days=2), 19, 30)
    kept = box.settle(teller)
    teller.customer("maria", "contact.ask", email=MARIAS_ADDRESS, language="nl")
    bring(postman)
    brought = box.arrivals.newest_to(MARIAS_ADDRESS)
    code = re.search(r"\b[0-9]{8}\b", brought.body if brought else "")
    if code is None:
        raise RuntimeError("the story's e-mail did not arrive")
    teller.clock.advance(timedelta(minutes=2))
    teller.customer("maria", "contact.confirm", code=code.group())
    bring(postman)
    return kept
