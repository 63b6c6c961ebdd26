"""The embedded PostgreSQL: its passwords, its survival of crashes, and the odd places it must run from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from databeheer.storage.cluster import EmbeddedPostgreSQLError, read_postmaster
from databeheer.storage.embedded import SUPERUSER, EmbeddedPostgreSQL
from tests.doors import until


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgreSQL]:
    # pytest's own folder is private and deep: as root the data move to the system's place, as in /root.
    checkout = tmp_path_factory.mktemp("a checkout with spaces") / ("deep" * 20)
    embedded = EmbeddedPostgreSQL(checkout / "postgresql", durable=False)
    yield embedded
    embedded.remove()


@pytest.fixture
def server(embedded: EmbeddedPostgreSQL) -> EmbeddedPostgreSQL:
    embedded.start()
    return embedded


def one(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def keep_the_answer(server: EmbeddedPostgreSQL) -> None:
    with psycopg.connect(server.url(SUPERUSER, "postgres")) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def test_every_connection_needs_its_scram_password(server: EmbeddedPostgreSQL) -> None:
    url = server.url(SUPERUSER, "postgres")
    assert one(url, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules") == ["scram-sha-256"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(server.password(SUPERUSER), "guess"))


def test_the_server_has_no_network_port_and_checks_its_pages(server: EmbeddedPostgreSQL) -> None:
    url = server.url(SUPERUSER, "postgres")
    assert one(url, "SHOW listen_addresses") == ""
    assert one(url, "SHOW data_checksums") == "on"


def test_passwords_lie_in_files_that_only_their_owner_reads(server: EmbeddedPostgreSQL) -> None:
    assert server.password(SUPERUSER) == server.password(SUPERUSER)
    assert server.password("databeheer_web") != server.password("databeheer_door")
    for file in (server.directory / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_the_server_does_not_run_as_root(server: EmbeddedPostgreSQL) -> None:
    running = read_postmaster((server.directory / "data").resolve())
    assert running is not None
    assert running.socket_directory.stat().st_mode & 0o077 == 0
    assert running.data.stat().st_uid != 0


def test_a_second_start_attaches_to_the_running_server(server: EmbeddedPostgreSQL) -> None:
    question = "SELECT pg_postmaster_start_time()"
    again = EmbeddedPostgreSQL(server.directory).start()
    assert one(again, question) == one(server.url(SUPERUSER, "postgres"), question)


def test_what_was_committed_is_there_after_stop_and_start(server: EmbeddedPostgreSQL) -> None:
    keep_the_answer(server)
    server.stop()
    assert not server.is_running()
    assert one(server.start(), "SELECT answer FROM kept") == 42


def test_the_server_outlives_a_killed_program_and_the_next_one_attaches(server: EmbeddedPostgreSQL) -> None:
    server.stop()
    program = (
        "import os, signal, sys; from pathlib import Path; "
        "from databeheer.storage.embedded import EmbeddedPostgreSQL; "
        "EmbeddedPostgreSQL(Path(sys.argv[1]), durable=False).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(server.directory)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert server.is_running()
    assert one(server.start(), "SELECT 1") == 1


def test_a_killed_server_recovers_at_the_next_start(server: EmbeddedPostgreSQL) -> None:
    keep_the_answer(server)
    running = read_postmaster((server.directory / "data").resolve())
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not server.is_running(), "the server has ended")
    assert one(server.start(), "SELECT answer FROM kept") == 42


def test_a_pid_file_whose_number_another_program_now_has_does_not_hinder(server: EmbeddedPostgreSQL) -> None:
    server.stop()
    pid_file = server.directory / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n/elsewhere\n1\n5432\n/tmp\n\n1 1\nready\n")
    assert not server.is_running()
    assert one(server.start(), "SELECT 1") == 1


def test_data_of_another_version_are_refused_in_plain_words(server: EmbeddedPostgreSQL) -> None:
    server.stop()
    version = server.directory / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedPostgreSQLError, match="was made by PostgreSQL 17"):
        server.start()
    version.write_text("18\n")


def test_a_failing_statement_leaves_no_value_in_the_log(server: EmbeddedPostgreSQL) -> None:
    with psycopg.connect(server.url(SUPERUSER, "postgres")) as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT 'Maria Peeters'::integer / 0")
    assert "Maria" not in (server.directory / "server.log").read_text()


def test_removing_leaves_nothing_behind(server: EmbeddedPostgreSQL) -> None:
    data = (server.directory / "data").resolve()
    server.remove()
    assert not data.exists()
    assert not server.directory.exists()
    server.start()  # and a new one can take its place
