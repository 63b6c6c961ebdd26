"""A house goes to a successor, whole: the ledger goes on in one line, and the old house records nothing more."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from databeheer.cli import main
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.site.handover.bundle import (
    DUMP,
    MANIFEST,
    BundleError,
    Manifest,
    check_data,
    list_files,
    read_manifest,
)
from databeheer.site.handover.taking import take_over
from databeheer.site.handover.writing import write_bundles
from databeheer.site.home import Home
from databeheer.site.house import Site, Storage, prepare, running
from databeheer.storage import dumps, provision
from ledger.errors import InconsistentError
from ledger.sources import DirectorySource
from ledger.verifier import verify
from tests.databases import Database, Databases
from tests.homes import operate, publish

pytestmark = pytest.mark.requirement("R190")


@dataclass
class Old:
    """A house that worked, was closed and written; `data` and `secrets` are its bundles."""

    home: Home
    data: Path
    secrets: Path
    size: int
    manifest: Manifest


def published_size(home: Home, storage: Storage) -> int:
    publish(home, storage)
    return int(verify(DirectorySource(home.ledger), home.published_log_keys()).size or 0)


def forge(databases: Databases, dump: Path, statement: str) -> None:
    """Change one row in a dump, as who has the bundle of data and a server of his own can."""
    name = f"forged_{dump.parent.parent.name}"[:60]
    database = Database(name, databases.superuser_url, {})
    provision.create_database(databases.superuser_url, name)
    try:
        dumps.load(database.url("superuser"), dump)
        with psycopg.connect(database.url("superuser")) as forger:
            forger.execute("SET session_replication_role = replica")  # past the triggers
            assert forger.execute(statement.encode()).rowcount == 1
        dumps.dump(database.url("superuser"), dump)
    finally:
        provision.drop_database(databases.superuser_url, name)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    home = Home(folder / "house")
    storage = Storage(home)
    prepare(home, storage)
    site = Site(home, storage)
    site.start_door()
    try:
        operate(home, "registry.operator.add", code="net-test", name="Netbeheerder Test")
        operate(home, "registry.person.add", subject="lotte", name="Lotte Janssens")
        with pytest.raises(DoorRefusedError, match="give confirm="):
            operate(home, "handover.begin", successor="Opvolger", decided_by="Raad", confirm="ja")
        published = published_size(home, storage)
        closed = operate(home, "handover.begin", successor="Opvolger", decided_by="Raad", confirm=home.origin)
        with pytest.raises(DoorRefusedError, match="handed over to a successor"):
            operate(home, "registry.party.add", name="Bram", role="energy_service")
        site.end_all()
        with pytest.raises(Exception, match=f"{published} of {closed['index'] + 1} entries are published"):
            write_bundles(home, folder / "data", folder / "secrets")
        size = published_size(home, storage)
        manifest = write_bundles(home, folder / "data", folder / "secrets")
        yield Old(home, folder / "data", folder / "secrets", size, manifest)
    finally:
        site.end_all()
        storage.stop()


@pytest.fixture
def copy(old: Old, tmp_path: Path) -> Old:
    """The bundles again, to be spoiled."""
    data, secrets = tmp_path / "data", tmp_path / "secrets"
    shutil.copytree(old.data, data)
    shutil.copytree(old.secrets, secrets)
    return Old(old.home, data, secrets, old.size, old.manifest)


def test_the_successor_goes_on_where_the_old_house_stopped(
    old: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new = Home(tmp_path / "successor")
    memory = tmp_path / "memory"
    keys = old.home.published_log_keys()
    verify(DirectorySource(old.home.ledger), keys, full=True, state=memory)
    monkeypatch.setenv("DATABEHEER_HOME", str(new.path))
    bundles = ["--data", str(old.data), "--secrets", str(old.secrets), "--key", str(old.home.ledger / "vkey")]

    assert main(["handover", "take", *bundles, "--decided-by", "Opvolger"]) == 0
    assert f"entry {old.size} says so" in capsys.readouterr().out
    assert main(["ledger", "audit"]) == 0

    with running(new) as storage:
        assert operate(new, "handover.status") == {"successor": None, "closed_at": None, "index": None}
        operate(new, "registry.person.add", subject="maria", name="Maria Peeters")
        with DoorClient(new.door_socket) as door, pytest.raises(DoorRefusedError):
            door.call("handover.status", Proof.operator(old.home.operator_key.read_text()))
        assert published_size(new, storage) > old.size
    seen = verify(DirectorySource(new.ledger), keys, full=True, state=memory)
    assert [one.name for one in seen.checks if not one.ok] == []
    assert main(["ledger", "audit"]) == 0
    assert main(["handover", "take", *bundles, "--decided-by", "Opvolger"]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_the_old_house_records_nothing_more_until_its_owner_opens_it_again(
    old: Old, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(old.home):
        with pytest.raises(DoorRefusedError) as refused:
            operate(old.home, "registry.person.add", subject="joris", name="Joris")
        assert refused.value.code == "handed-over"
        with pytest.raises(DoorRefusedError) as refused:
            operate(old.home, "handover.opened", outcome="called_off", decided_by="Joris")
        assert refused.value.code == "handed-over"
        assert operate(old.home, "handover.status")["successor"] == "Opvolger"
    monkeypatch.setenv("DATABEHEER_HOME", str(old.home.path))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["handover", "call-off", "--decided-by", "Raad"]) != 0
    with (
        running(old.home) as storage,
        psycopg.connect(storage.url("door")) as door,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        door.execute("INSERT INTO ledger.entry (index, entry, leaf) VALUES (999, '', '')")


def test_anybody_with_the_logs_key_checks_a_bundle_without_its_secrets(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    key = str(old.home.ledger / "vkey")
    assert main(["handover", "check", "--data", str(old.data), "--key", key]) == 0
    said = capsys.readouterr().out
    assert old.manifest.sha256 in said
    assert "ok   entries" in said
    assert (
        main(["handover", "check", "--data", str(old.data), "--secrets", str(old.secrets), "--key", key]) == 0
    )


@pytest.mark.parametrize(
    "name", ["database.dump", "ledger/checkpoint", "ledger/vkey"], ids=lambda name: name.split("/")[-1]
)
def test_one_changed_byte_of_the_data_is_refused_and_named(copy: Old, name: str) -> None:
    file = copy.data / name
    spoiled = bytearray(file.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    file.write_bytes(spoiled)
    with pytest.raises(BundleError, match=f"{name} is not the file that the manifest names"):
        check_data(copy.data, copy.home.published_log_keys())


def test_files_that_are_missing_too_many_or_links_are_refused(copy: Old) -> None:
    keys = copy.home.published_log_keys()
    (copy.data / "more").write_text("x")
    with pytest.raises(BundleError, match="more is not named"):
        check_data(copy.data, keys)
    (copy.data / "more").unlink()
    (copy.data / "database.dump").rename(copy.data.parent / "elsewhere")
    with pytest.raises(BundleError, match=r"database\.dump is missing"):
        check_data(copy.data, keys)
    (copy.data / "database.dump").symlink_to(copy.data.parent / "elsewhere")
    with pytest.raises(BundleError, match="neither a file nor a directory"):
        check_data(copy.data, keys)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": 2}, "is not a manifest"),
        ({"root": "00" * 32}, "not the one that the manifest names"),
        ({"size": 1}, "not the one that the manifest names"),
        ({"size": "1"}, "is not a manifest"),
        ({"more": 1}, "is not a manifest"),
        ({"origin": "another.example/log"}, "is of another log"),
        ({"data": {"../database.dump": {"length": 1, "sha256": "0" * 64}}}, "is not a manifest"),
        ({"data": {}}, "is not named in the manifest"),
    ],
    ids=["format", "root", "size", "type", "member", "origin", "path", "files"],
)
def test_a_changed_manifest_is_refused(copy: Old, change: dict[str, Any], what: str) -> None:
    members = json.loads((copy.data / MANIFEST).read_text()) | change
    (copy.data / MANIFEST).write_text(
        json.dumps(members, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )
    with pytest.raises(BundleError, match=what):
        check_data(copy.data, copy.home.published_log_keys())


def test_a_manifest_that_is_spelled_otherwise_or_missing_is_refused(copy: Old) -> None:
    file = copy.data / MANIFEST
    file.write_text(file.read_text() + " ")
    with pytest.raises(BundleError, match="not spelled as a manifest is"):
        read_manifest(copy.data)
    file.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        read_manifest(copy.data)


def test_spoiled_secrets_make_no_house(copy: Old, tmp_path: Path) -> None:
    (copy.secrets / "promise.key").write_text("00" * 32)
    new = Home(tmp_path / "successor")
    with pytest.raises(BundleError, match=r"promise\.key is not the file"):
        take_over(new, copy.data, copy.secrets, copy.home.published_log_keys(), "Opvolger")
    assert not new.path.exists()


def test_spoiled_secrets_are_named_to_whoever_checks_them(
    copy: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy.secrets / "keys" / "more.key").write_text("00")
    given = [
        "--data",
        str(copy.data),
        "--secrets",
        str(copy.secrets),
        "--key",
        str(copy.home.ledger / "vkey"),
    ]
    assert main(["handover", "check", *given]) == 1
    assert "more.key is not named in the manifest" in capsys.readouterr().err


def test_a_forged_database_with_a_manifest_that_fits_it_opens_no_house(
    copy: Old, databases: Databases, tmp_path: Path
) -> None:
    forge(databases, copy.data / DUMP, "UPDATE ledger.body SET event = 'party.added' WHERE index = 1")
    forged = replace(copy.manifest, data=list_files(copy.data))
    (copy.data / MANIFEST).write_text(forged.to_json(), encoding="utf-8")
    keys = copy.home.published_log_keys()
    check_data(copy.data, keys)  # every file is the one that is named, and the published ledger is true
    new = Home(tmp_path / "successor")
    with pytest.raises(InconsistentError, match="entry 1"):
        take_over(new, copy.data, copy.secrets, keys, "Opvolger")
    with running(new) as storage:
        assert operate(new, "handover.status")["successor"] == "Opvolger"
        with pytest.raises(DoorRefusedError, match="handed over to a successor"):
            operate(new, "registry.person.add", subject="joris", name="Joris")
        with psycopg.connect(storage.url("owner")) as owner:
            assert owner.execute("SELECT max(index) + 1 FROM ledger.entry").fetchone() == (copy.size,)


def test_a_bundle_is_never_written_over_another_or_into_the_other(old: Old, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="exists"):
        write_bundles(old.home, old.data, tmp_path / "secrets")
    with pytest.raises(BundleError, match="neither within the other"):
        write_bundles(old.home, tmp_path / "data", tmp_path / "data" / "secrets")
    assert not (tmp_path / "secrets").exists()
    assert not (tmp_path / "data").exists()


def test_neither_bundle_opens_anything_alone(old: Old) -> None:
    data = b"".join(path.read_bytes() for path in old.data.rglob("*") if path.is_file())
    for secret in (path for path in old.secrets.rglob("*") if path.is_file() and path.stat().st_size >= 16):
        assert secret.read_bytes() not in data, secret.name
    assert b"Lotte" not in data
    assert oct(old.secrets.stat().st_mode & 0o777) == "0o700"


def test_an_open_house_is_not_written(tmp_path: Path) -> None:
    home = Home(tmp_path / "open")
    storage = Storage(home)
    prepare(home, storage)
    try:
        with pytest.raises(Exception, match=r"handover\.begin"):
            write_bundles(home, tmp_path / "data", tmp_path / "secrets")
        assert not (tmp_path / "data").exists()
    finally:
        storage.stop()
