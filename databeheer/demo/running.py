"""One run of the demo, from the command to Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from databeheer.demo.wishes import ask_running, listen_for_wishes
from databeheer.metering.exports import ExportFile, read_export
from databeheer.site.home import Home
from databeheer.site.house import free_port
from databeheer.site.one_run import Say, Words, alone, is_free, run_until_ended

_WORDS = Words(
    closing="De demo sluit af …",
    revived="De databank was gestopt en is opnieuw gestart.",
    ended="Het onderdeel {name} is gestopt; zie {log}",
)


def run(
    home: Home, port: int, files: list[Path], say: Say, announce: Callable[[dict[str, Any]], None]
) -> int:
    """Run the demo until SIGINT, SIGTERM or SIGHUP; returns the exit status.

    Only one demo runs a home: where one does already, its description is announced and nothing is started.
    """
    exports = [read_export(file) for file in files]  # before anything starts: a bad file changes nothing
    with alone(home.path / "demo.lock") as is_alone:
        if not is_alone:
            return _announce_running(home, say, announce)
        if not is_free(port):
            say(f'Poort {port} is bezet. Kies een andere: make demo ARGS="--port {free_port()}"')
            return 1
        return _run_alone(home, port, exports, say, announce)


def _run_alone(
    home: Home,
    port: int,
    exports: list[ExportFile],
    say: Say,
    announce: Callable[[dict[str, Any]], None],
) -> int:
    # Here, not above: who is told of the one that runs, or that its port is taken, does not wait for all this.
    from databeheer.demo.supervisor import Demo

    demo = Demo(home, port, say)

    def start(before_the_end: ExitStack) -> None:
        before_the_end.callback(listen_for_wishes(demo).shutdown)
        demo.start(exports)
        announce(demo.description())

    return run_until_ended(demo, start, _WORDS)


def _announce_running(home: Home, say: Say, announce: Callable[[dict[str, Any]], None]) -> int:
    """Tell of the demo that runs this home already; 1 where it cannot be asked yet."""
    description = ask_running(home)
    if description is None:
        say("Deze demo start juist op, of sluit af. Probeer het over een minuut opnieuw.")
        return 1
    say(f"Deze demo draait al op {description['url']}")
    announce(description)
    return 0
