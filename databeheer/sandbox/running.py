"""One run of a served sandbox, from the command to Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from databeheer.sandbox.description import as_lines
from databeheer.site.home import Home, keep_privately
from databeheer.site.house import free_port
from databeheer.site.one_run import Say, Words, alone, is_free, run_until_ended

__all__ = ["Wish", "as_lines", "run"]

_WORDS = Words(
    closing="The sandbox ends ...",
    revived="The database had ended, and was started again.",
    ended="The {name} has ended; see {log}",
)


@dataclass(frozen=True)
class Wish:
    """What the command line asked: on which port, how much of it where it is made, and whether to make it anew."""

    port: int
    numbers: int
    days: int
    anew: bool = False


def run(home: Home, wish: Wish, say: Say, announce: Callable[[dict[str, Any]], None]) -> int:
    """Run the sandbox until SIGINT, SIGTERM or SIGHUP; returns the exit status.

    Only one runs a home: where one does already, its description is announced and nothing is started.
    """
    running = home.path / "sandbox.running.json"
    with alone(home.path / "sandbox.lock") as is_alone:
        if not is_alone:
            return _announce_running(home, say, announce)
        if not is_free(wish.port):
            say(f"Port {wish.port} is taken. Choose another: databeheer sandbox serve --port {free_port()}")
            return 1
        # Here, not above: who is told of the one that runs, or that its port is taken, does not wait for all this.
        from databeheer.sandbox.supervisor import Sandbox

        sandbox = Sandbox(home, wish.port, say, wish.numbers, wish.days)

        def start(before_the_end: ExitStack) -> None:
            sandbox.start(anew=wish.anew)
            description = sandbox.description()
            keep_privately(running, json.dumps(description))
            before_the_end.callback(running.unlink)
            announce(description)

        return run_until_ended(sandbox, start, _WORDS)


def _announce_running(home: Home, say: Say, announce: Callable[[dict[str, Any]], None]) -> int:
    """Tell of the sandbox that runs this home already; 1 where it is not ready yet."""
    try:
        description = json.loads((home.path / "sandbox.running.json").read_text())
    except OSError:
        say("This sandbox is starting or ending. Try again in a minute.")
        return 1
    say("This sandbox runs already.")
    announce(description)
    return 0
