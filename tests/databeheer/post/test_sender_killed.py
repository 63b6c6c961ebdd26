"""Web hooks survive `kill -9` of their sender and a receiver that is dead for a day: each has its effect once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from databeheer.post.deliveries import LEASE
from tests.doors import CHECKOUT
from tests.house import POSTMAN_KEY, Customer, Party, TheHouse
from tests.letters import deliveries

HOUR = timedelta(hours=1)
HERE = Path(__file__).parent


@dataclass
class Sender:
    """The sender's process, started anew after each time that it was killed; its clock is the house's."""

    house: TheHouse
    folder: Path
    deaths: int = 0
    _process: subprocess.Popen[str] | None = field(default=None)

    def tell(self) -> None:
        """Have it bring what is due, without waiting for it."""
        (self.folder / "clock").write_text(self.house.clock.now().isoformat())
        if self._process is None:
            environment = {
                "PATH": os.environ["PATH"],
                "DATABEHEER_POSTMAN_DATABASE_URL": self.house.database.url("postman"),
                "DATABEHEER_POSTMAN_KEY": str(self.folder / "postman.key"),
                "DATABEHEER_DOOR_SOCKET": str(self.house.socket),
                "DATABEHEER_LOOPBACK_WEBHOOKS": "1",
            }
            (self.folder / "postman.key").write_text(POSTMAN_KEY)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.databeheer.post.sending", str(self.folder / "clock")],
                env=environment,
                cwd=CHECKOUT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            (self.folder / "sender").write_text(str(self._process.pid))
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def is_done(self) -> bool:
        """Wait until it has brought what it was told to, or was killed."""
        assert self._process is not None
        assert self._process.stdout is not None
        if any(line == "done\n" for line in self._process.stdout):  # what it logs stands before
            return True
        assert self._process.wait() == -signal.SIGKILL
        self.deaths += 1
        self._close()
        return False

    def round(self) -> bool:
        self.tell()
        return self.is_done()

    def kill(self) -> None:
        """Kill it now, whatever it is at."""
        assert self._process is not None
        self._process.kill()
        assert not self.is_done()

    def _close(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()


@contextmanager
def at_port(port: int) -> Iterator[socket.socket]:
    """Hold a port of this machine at which nothing answers until it listens: who calls is turned away."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        yield held


@contextmanager
def receiving(folder: Path, port: int, secret: str, kills: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "receiving.py"), str(folder), str(port), secret, kills],
        text=True,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.kill()


@pytest.fixture
def sender(house: TheHouse, tmp_path: Path) -> Iterator[Sender]:
    one = Sender(house, tmp_path)
    yield one
    one.end()


def states(house: TheHouse) -> Counter[str]:
    return Counter(state for _, state, *_ in deliveries(house))


@pytest.mark.requirement("R27")
def test_a_day_of_a_dead_receiver_and_killed_senders_lose_nothing_and_double_nothing(
    house: TheHouse, lotte: Customer, bram: Party, sender: Sender, tmp_path: Path
) -> None:
    with at_port(0) as held:
        port = int(held.getsockname()[1])
        secret = bram.call("webhook.put", url=f"http://127.0.0.1:{port}/hooks")["webhook"]["secret"]
        for _ in range(3):
            lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
        for _ in range(12):  # nothing answers there
            assert sender.round()
            house.clock.advance(HOUR)
        assert states(house) == {"waiting": 7}
        lotte.session = house.log_in("lotte", "Lotte Janssens")
        bram.token = house.token(bram.client_id, bram.client_secret)
        lotte.grant(bram.ask())
        held.listen()
        sender.tell()
        connection, _ = (
            held.accept()
        )  # it takes the hook, dies before it has any effect, and so does the sender
        with connection:
            assert connection.recv(100).startswith(b"POST /hooks ")
            sender.kill()
    with at_port(port):
        for _ in range(12):
            house.clock.advance(HOUR)
            assert sender.round()
    assert states(house) == {"waiting": 8}  # a day, and not one came through

    with receiving(tmp_path, port, secret, kills="2,6"):
        while states(house)["waiting"]:
            house.clock.advance(HOUR)
            sender.round()
    effects = (tmp_path / "effects").read_text().split()
    requests = (tmp_path / "requests").read_text().split()
    assert states(house) == {"delivered": 8}
    assert sender.deaths == 3
    assert len(effects) == len(set(effects)) == 8
    assert len(requests) >= 8 + 2  # what the killed ones had brought, and not marked, came again
    assert set(requests) == set(effects)
    bram.token = house.token(bram.client_id, bram.client_secret)
    listed = bram.call("webhook.deliveries")["deliveries"]
    assert {one["webhook_id"] for one in listed} == set(effects)
    assert LEASE < HOUR  # else what a killed sender had claimed would not have been tried in the next round
