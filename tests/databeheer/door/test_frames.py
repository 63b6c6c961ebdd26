"""The door's socket under bad company: whatever comes in, a clean answer or a closed connection, and it lives."""

from __future__ import annotations

import inspect
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.door import proofs
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.protocol import LARGEST_ANSWER, LARGEST_REQUEST, receive
from databeheer.door.server import NARROWING, DoorServer, _UntilDeadline
from databeheer.door.service import DoorService
from databeheer.errors import DatabeheerError
from databeheer.storage.engine import make_engine
from tests.doors import until
from tests.house import TheHouse

PING = {"command": "ping", "proof": {"kind": "none", "value": ""}, "arguments": {}}


@contextmanager
def connected(house: TheHouse, path: Path | None = None) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(str(path or house.socket))
        yield connection


def frame(payload: bytes, length: int | None = None) -> bytes:
    return (len(payload) if length is None else length).to_bytes(4, "big") + payload


def answer_to(house: TheHouse, raw: bytes) -> dict[str, Any] | None:
    with connected(house) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return receive(connection, LARGEST_ANSWER)


def lives(house: TheHouse) -> None:
    assert answer_to(house, frame(json.dumps(PING).encode())) == {"answer": {}}


MALFORMED = {
    "no JSON": b"hello",
    "not UTF-8": b"\xff\xfe\x00\x00",
    "empty": b"",
    "a list": b"[]",
    "a number": b"42",
    "null": b"null",
    "cut off": b'{"command": "pi',
    "two objects": b"{}{}",
    "not a number": b'{"command": NaN}',
    "infinity": b'{"command": -Infinity}',
    "a very large number": b'{"command": ' + b"9" * 10_000 + b"}",
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "no command": b"{}",
    "unknown member": json.dumps(PING | {"more": 1}).encode(),
    "no proof": json.dumps({k: v for k, v in PING.items() if k != "proof"}).encode(),
    "proof is a text": json.dumps(PING | {"proof": "x"}).encode(),
    "proof with a number": json.dumps(PING | {"proof": {"kind": "session", "value": 1}}).encode(),
    "proof with more": json.dumps(PING | {"proof": {"kind": "none", "value": "", "x": ""}}).encode(),
    "proof without value": json.dumps(PING | {"proof": {"kind": "none"}}).encode(),
    "unknown command": json.dumps(PING | {"command": "open.sesame"}).encode(),
    "command is null": json.dumps(PING | {"command": None}).encode(),
    "command is a list": json.dumps(PING | {"command": ["ping"]}).encode(),
    "command is an attribute": json.dumps(PING | {"command": "__class__"}).encode(),
    "arguments are a list": json.dumps(PING | {"arguments": []}).encode(),
    "arguments are null": json.dumps(PING | {"arguments": None}).encode(),
    "unknown argument": json.dumps(PING | {"arguments": {"x": 1}}).encode(),
    "half a character as proof": json.dumps(
        PING | {"proof": {"kind": "session", "value": "\ud800"}}
    ).encode(),
    "half a character as a name": json.dumps(PING | {"arguments": {"\udfff": 1}}).encode(),
    "half a character as a command": json.dumps(PING | {"command": "\udbff"}).encode(),
}


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_frame_gets_a_clean_error_and_the_door_lives(standing: TheHouse, payload: bytes) -> None:
    answer = answer_to(standing, frame(payload))
    assert answer is not None
    assert answer["error"]["code"] == "malformed-request"
    assert set(answer["error"]) == {"code", "detail"}
    lives(standing)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00", id="a quarter of a length"),
        pytest.param(b"\x00\x00\x00", id="most of a length"),
        pytest.param(b"\x00\x00\x00\x10half", id="half a frame"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: door\r\n\r\n", id="another protocol"),
        pytest.param(frame(b"", LARGEST_REQUEST + 1), id="one byte too large"),
        pytest.param(b"\xff\xff\xff\xff", id="four gigabytes"),
    ],
)
def test_what_is_no_frame_ends_the_connection_and_nothing_else(standing: TheHouse, raw: bytes) -> None:
    answer = answer_to(standing, raw)
    assert answer is None or answer["error"]["code"] == "malformed-request"
    lives(standing)


def test_after_a_good_frame_a_bad_one_still_gets_its_answer(standing: TheHouse) -> None:
    with connected(standing) as connection:
        connection.sendall(frame(json.dumps(PING).encode()) + frame(b"x"))
        assert receive(connection, LARGEST_ANSWER) == {"answer": {}}
        bad = receive(connection, LARGEST_ANSWER)
        assert bad is not None
        assert bad["error"]["code"] == "malformed-request"
        assert receive(connection, LARGEST_ANSWER) is None


def test_a_frame_in_pieces_is_one_frame(standing: TheHouse) -> None:
    with connected(standing) as connection:
        for byte in frame(json.dumps(PING).encode()):
            connection.sendall(bytes([byte]))
        assert receive(connection, LARGEST_ANSWER) == {"answer": {}}


def test_many_half_written_frames_and_idle_connections_keep_nobody_out(standing: TheHouse) -> None:
    idle = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(120)]
    try:
        for number, connection in enumerate(idle):
            connection.connect(str(standing.socket))
            if number % 2:
                connection.sendall(b"\x00\x00\x01\x00{")
        lives(standing)
    finally:
        for connection in idle:
            connection.close()
    lives(standing)


def test_a_caller_that_leaves_without_its_answer_is_not_missed(standing: TheHouse) -> None:
    for _ in range(20):
        with connected(standing) as connection:
            connection.sendall(frame(json.dumps(PING | {"command": "login.begin"}).encode()))
    lives(standing)


def failure(house: TheHouse, command: str, proof: Proof, arguments: dict[str, Any]) -> str | None:
    """The code of the door's refusal; None where it carried the command out."""
    try:
        house.client.call(command, proof, **arguments)
    except DoorRefusedError as error:
        return error.code
    return None


def _calls(service_commands: list[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
    )
    names = st.sampled_from(
        ["permission_id", "link_code", "ean", "from", "mode", "cursor", "limit", "index", "profile"]
    )
    return st.tuples(st.sampled_from(service_commands), st.dictionaries(names, values, max_size=6))


def test_no_arguments_whatever_make_the_door_fail(standing: TheHouse) -> None:
    """Every command, as the operator, as somebody unknown and as a customer: an answer or a domain error."""
    lotte = standing.customer("lotte", "Lotte Janssens")
    proofs = [
        Proof.operator(standing.operator_key),
        Proof.intake(standing.intake_key),
        Proof("none", ""),
        Proof.session(lotte.session),
    ]
    commands = sorted(standing.service.commands)

    @settings(max_examples=150, deadline=None, database=None)
    @given(_calls(commands), st.sampled_from(proofs))
    def ask(call: tuple[str, dict[str, Any]], proof: Proof) -> None:
        command, arguments = call
        if command == "session.end":
            return
        assert failure(standing, command, proof, arguments) != "internal"

    ask()
    lives(standing)


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf")])
def test_the_client_refuses_what_cannot_be_written_and_goes_on(standing: TheHouse, value: object) -> None:
    client = DoorClient(standing.socket)
    with pytest.raises(DatabeheerError) as refused:
        client.call("permission.by_link", link_code=value)
    assert refused.value.code == "malformed-request"
    assert client.call("ping") == {}
    client.close()


def test_a_door_that_ends_leaves_its_successors_socket_alone(standing: TheHouse) -> None:
    path = standing.folder / "handed-over.sock"
    first = DoorServer(path, DoorService(standing.house))
    first.start()
    second = DoorServer(path, DoorService(standing.house))
    second.start()
    first.close()
    client = DoorClient(path)
    assert client.call("ping") == {}
    client.close()
    second.close()
    assert not path.exists()


def test_a_command_that_is_not_there_names_those_that_are_near(standing: TheHouse) -> None:
    for wrong, said in {"registry.party.ad": "registry.party.add", "zzz": "docs/how-to/operate.md"}.items():
        with pytest.raises(DatabeheerError, match=said):
            standing.client.call(wrong)


def test_a_door_that_closes_ends_the_connections_that_it_let_in(standing: TheHouse) -> None:
    path = standing.folder / "closing.sock"
    server = DoorServer(path, DoorService(standing.house))
    server.start()
    client = DoorClient(path)
    with connected(standing, path) as idle, connected(standing, path) as halfway:
        assert ping(idle) == {"answer": {}}
        assert client.call("ping") == {}
        halfway.sendall(b"\x00\x00")
        server.close()
        idle.settimeout(5)
        assert idle.recv(1) == b""
        with suppress(OSError):
            idle.sendall(frame(json.dumps(PING).encode()))
            assert idle.recv(1) == b""
    with pytest.raises(DatabeheerError) as nobody:
        client.call("ping")
    assert nobody.value.code == "unavailable"
    with door_with(standing, path=path):
        assert client.call("ping") == {}
    client.close()


def test_a_door_that_closes_gives_the_answer_at_hand_first(
    standing: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, service = standing.folder / "closing.sock", DoorService(standing.house)
    begun, may_end, answer = threading.Event(), threading.Event(), service.answer

    def answer_late(message: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        assert may_end.wait(30)
        return answer(message)

    monkeypatch.setattr(service, "answer", answer_late)
    server = DoorServer(path, service)
    server.start()
    with connected(standing, path) as connection:
        connection.sendall(frame(json.dumps(PING).encode()))
        assert begun.wait(30)
        closing = threading.Thread(target=server.close)
        closing.start()
        until(lambda: server.is_closing, "the door closes")
        may_end.set()
        assert receive(connection, LARGEST_ANSWER) == {"answer": {}}
        assert receive(connection, LARGEST_ANSWER) is None
        closing.join(30)
        assert not closing.is_alive()


def test_proofs_do_not_show_in_what_is_printed_of_them() -> None:
    assert "secret" not in repr(proofs.Proof("session", "secret"))
    assert "secret" not in repr(Proof.session("secret"))


@contextmanager
def door_with(house: TheHouse, path: Path | None = None, **limits: Any) -> Iterator[Path]:
    """Another door on the same house, with limits that a test reaches."""
    path = path or house.folder / "limited.sock"
    server = DoorServer(path, DoorService(house.house), **limits)
    server.start()
    try:
        yield path
    finally:
        server.close()


def ping(connection: socket.socket) -> dict[str, Any] | None:
    connection.sendall(frame(json.dumps(PING).encode()))
    return receive(connection, LARGEST_ANSWER)


@pytest.mark.parametrize("begun", [b"\x00", b"\x00\x00\x01\x00", b'\x00\x00\x01\x00{"command"'])
def test_a_frame_that_is_never_finished_is_given_up(standing: TheHouse, begun: bytes) -> None:
    with door_with(standing, frame_seconds=0.05) as path, connected(standing, path) as connection:
        connection.sendall(begun)
        given_up = receive(connection, LARGEST_ANSWER)
        assert given_up is not None
        assert given_up["error"]["code"] == "malformed-request"
        assert receive(connection, LARGEST_ANSWER) is None


def test_a_frame_that_comes_in_drops_gains_no_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame_to_be = _UntilDeadline(ours, 0.0)
        theirs.sendall(frame(b"{}"))
        with pytest.raises(TimeoutError):
            receive(frame_to_be, LARGEST_REQUEST)


def test_a_connection_may_rest_between_two_frames(standing: TheHouse) -> None:
    with door_with(standing, frame_seconds=0.05) as path, connected(standing, path) as resting:
        assert ping(resting) == {"answer": {}}
        with connected(standing, path) as other:
            other.sendall(b"\x00")
            assert receive(other, LARGEST_ANSWER) is not None  # the time of one frame is over
        assert ping(resting) == {"answer": {}}


def test_one_connection_too_many_is_told_so_and_closed_and_the_others_go_on(standing: TheHouse) -> None:
    with (
        door_with(standing, most_connections=2, kept_back=0) as path,
        connected(standing, path) as first,
        connected(standing, path) as second,
    ):
        assert (ping(first), ping(second)) == ({"answer": {}}, {"answer": {}})
        with connected(standing, path) as third:
            refused = receive(third, LARGEST_ANSWER)
            assert refused is not None
            assert refused["error"]["code"] == "unavailable"
            assert receive(third, LARGEST_ANSWER) is None
        assert (ping(first), ping(second)) == ({"answer": {}}, {"answer": {}})


def test_a_place_is_free_again_when_its_connection_ends(standing: TheHouse) -> None:
    with door_with(standing, most_connections=1, kept_back=0) as path:
        with connected(standing, path) as first:
            assert ping(first) == {"answer": {}}

        def lets_in() -> bool:
            with connected(standing, path) as next_one, suppress(OSError):
                return ping(next_one) == {"answer": {}}
            return False

        until(lets_in, "the place is free")


def test_a_door_without_a_database_connection_to_spare_is_unavailable_and_not_broken(house: TheHouse) -> None:
    engine = make_engine(house.database.url("door"), pool_size=1, max_overflow=0, pool_seconds=0.01)
    service = DoorService(replace(house.house, engine=engine))
    asked = PING | {"command": "me", "proof": {"kind": "session", "value": "x"}}
    with engine.connect():
        assert service.answer(asked)["error"]["code"] == "unavailable"
    assert service.answer(asked)["error"]["code"] == "unauthenticated"
    engine.dispose()


def test_the_client_says_that_a_full_door_does_not_answer(standing: TheHouse) -> None:
    with door_with(standing, most_connections=1, kept_back=0) as path, connected(standing, path) as first:
        assert ping(first) == {"answer": {}}
        client = DoorClient(path)
        with pytest.raises(DatabeheerError) as refused:
            client.call("ping")
        assert refused.value.code == "unavailable"
        client.close()


def test_a_full_door_still_takes_what_narrows_access_one_command_a_connection(standing: TheHouse) -> None:
    with (
        door_with(standing, most_connections=1, kept_back=1) as path,
        connected(standing, path) as first,
    ):
        assert ping(first) == {"answer": {}}

        def code_of(command: str) -> str:
            """How the door answers this on a connection of its own, which it closes."""
            with connected(standing, path) as other, suppress(OSError):
                other.sendall(frame(json.dumps(PING | {"command": command}).encode()))
                answer = receive(other, LARGEST_ANSWER)
                assert answer is not None
                assert receive(other, LARGEST_ANSWER) is None
                return str(answer["error"]["code"])
            return ""

        for _ in range(2):
            until(lambda: code_of("permission.withdraw") == "malformed-request", "the place is free and used")
            assert code_of("ping") in ("unavailable", "")
        assert ping(first) == {"answer": {}}


NEED_NO_PLACE = {"doubt.sweep", "link.reopen", "registry.supply.accept", "stop.lift", "webhook.put"}
"""The clerk's, who comes again, and what opens something: they take that lane for an end that comes along."""


@pytest.mark.requirement("R21")
def test_every_command_that_ends_something_has_a_place_kept_back(standing: TheHouse) -> None:
    commands = DoorService(standing.house).commands
    ending = {name for name, command in commands.items() if takes_its_turn_among_ends(command.handler)}
    assert len(ending) > 30
    assert ending - NEED_NO_PLACE <= NARROWING <= set(commands)
    assert not NARROWING & NEED_NO_PLACE


def takes_its_turn_among_ends(handler: Any) -> bool:
    """Whether a handler, or a function of its module that it calls, names that lane."""
    code = inspect.unwrap(getattr(handler, "func", handler)).__code__
    named = (getattr(inspect.getmodule(code), name, None) for name in code.co_names)
    called = [
        one.__code__ for one in named if inspect.isfunction(one) and one.__module__ == handler.__module__
    ]
    return any("TurnLane.ENDS" in inspect.getsource(one) for one in (code, *called))
