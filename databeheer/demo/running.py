"""One run of the demo, from the command to Ctrl-C: one at a time in a home, on a port that is free."""

from __future__ import annotations

import fcntl
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from databeheer.demo.supervisor import Demo, Say
from databeheer.demo.wishes import WishServer, ask_running, listen_for_wishes
from databeheer.metering.exports import ExportFile, read_export
from databeheer.site.home import Home
from databeheer.site.house import free_port


def run(
    home: Home, port: int, files: list[Path], say: Say, announce: Callable[[dict[str, Any]], None]
) -> int:
    """Run the demo until SIGINT, SIGTERM or SIGHUP; returns the exit status.

    Only one demo runs a home: where one does already, its description is announced and nothing is started.
    """
    exports = [read_export(file) for file in files]  # before anything starts: a bad file changes nothing
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home.path / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _announce_running(home, say, announce)
        if not _is_free(port):
            say(f'Poort {port} is bezet. Kies een andere: make demo ARGS="--port {free_port()}"')
            return 1
        return _run_alone(Demo(home, port, say), exports, announce)


def _run_alone(demo: Demo, exports: list[ExportFile], announce: Callable[[dict[str, Any]], None]) -> int:
    for number in _ENDINGS:
        signal.signal(number, _interrupt)
    wishes: WishServer | None = None
    try:
        wishes = listen_for_wishes(demo)
        demo.start(exports)
        announce(demo.description())
        while (ended := demo.site.ended()) is None or demo.is_resetting:
            if demo.storage.revive():
                demo.say("De databank was gestopt en is opnieuw gestart.")
            time.sleep(0.5)
        demo.say(f"Het onderdeel {ended} is gestopt; zie {demo.home.logs}/{ended}.log")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _ignore_endings()
        demo.say("De demo sluit af …")
        if wishes is not None:
            wishes.shutdown()
        demo.stop()


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _ignore_endings() -> None:
    # A second Ctrl-C must not leave half of the house running.
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _announce_running(home: Home, say: Say, announce: Callable[[dict[str, Any]], None]) -> int:
    """Tell of the demo that runs this home already; 1 where it cannot be asked yet."""
    description = ask_running(home)
    if description is None:
        say("Deze demo start juist op, of sluit af. Probeer het over een minuut opnieuw.")
        return 1
    say(f"Deze demo draait al op {description['url']}")
    announce(description)
    return 0


def _interrupt(*_: object) -> None:
    _ignore_endings()
    raise KeyboardInterrupt
