"""The postman as a process of its own, by a clock that stands in a file: it brings what is due, each time it is told.

Run as `python -m tests.databeheer.post.sending CLOCK`, with the postman's environment.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from databeheer.post.deliveries import Channel
from databeheer.site.postman import postman_from


@dataclass(frozen=True)
class FileClock:
    """Tells the time that stands in a file."""

    file: Path

    def now(self) -> datetime:
        return datetime.fromisoformat(self.file.read_text())


def main() -> None:
    postman = postman_from(os.environ, FileClock(Path(sys.argv[1])))
    for _ in sys.stdin:
        while postman.round(Channel.WEBHOOK):
            pass
        print("done", flush=True)


if __name__ == "__main__":
    main()
