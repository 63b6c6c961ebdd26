"""What arrived in the demo by e-mail and web hook, to be looked at. Nobody else's post ever comes here.

Kept in a file, so that it is there again after the demo was ended and started.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MOST_KEPT = 200


@dataclass(frozen=True)
class Email:
    """One e-mail; `at` is its date, as an instant."""

    at: str
    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Hook:
    """One web hook; `is_ours` says whether the party can tell by its signature that it is from databeheer."""

    at: str
    id: str
    body: str
    is_ours: bool


class Arrivals:
    """The newest e-mails and web hooks. May be used by several threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._emails: deque[Email] = deque(maxlen=MOST_KEPT)
        self._hooks: deque[Hook] = deque(maxlen=MOST_KEPT)
        if file.exists():
            kept = json.loads(file.read_text())
            self._emails.extend(Email(**one) for one in kept["emails"])
            self._hooks.extend(Hook(**one) for one in kept["hooks"])

    def add(self, one: Email | Hook) -> None:
        """Keep one more; the oldest goes where there are too many."""
        with self._lock:
            if isinstance(one, Email):
                self._emails.append(one)
            else:
                self._hooks.append(one)
            self._keep()

    def newest_to(self, address: str) -> Email | None:
        """Return the last e-mail to an address, as it arrived."""
        with self._lock:
            return next((one for one in reversed(self._emails) if one.to == address), None)

    def shown(self) -> dict[str, Any]:
        """Return all that is kept, newest first."""
        with self._lock:
            emails, hooks = list(self._emails), list(self._hooks)
        return {
            "emails": [asdict(one) for one in sorted(emails, key=lambda one: one.at, reverse=True)],
            "hooks": [asdict(one) for one in sorted(hooks, key=lambda one: one.at, reverse=True)],
        }

    def forget(self) -> None:
        """Forget everything: the demo starts over."""
        with self._lock:
            self._emails.clear()
            self._hooks.clear()
            self._keep()

    def _keep(self) -> None:
        kept = {
            "emails": [asdict(one) for one in self._emails],
            "hooks": [asdict(one) for one in self._hooks],
        }
        part = self._file.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file)
        part.rename(self._file)
