"""All one's proofs in one file: whole, checkable by a stranger's command, and nobody else's."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from databeheer.brussels import day_of
from ledger.cli import main
from ledger.note import SigningKey, sign_note
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from tests.web.programs import publish
from web import saying
from web.portal import proofs

Visit = Callable[[Customer], Visitor]


def checked(house: TheHouse, path: Path, *options: str) -> int:
    """What the outsider's command says of a downloaded file."""
    keys = {"log": publish(house).vkey, "door": house.house.promise_key.vkey}
    command = ["receipt", "chain", "verify", str(path), "--key", keys["log"], "--door-key", keys["door"]]
    return main([*command, *options])


def saved(page: Page, folder: Path, name: str = "bewijzen.zip") -> Path:
    assert page.status == 200
    path = folder / name
    path.write_bytes(page.response.data)
    return path


def without(path: Path, place: int) -> Path:
    """The file with one of its receipts taken out."""
    less = path.with_name("minder.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(less, "w") as new:
        names = [name for name in sorted(old.namelist()) if name.endswith(".tlog-proof")]
        for name in [*names[:place], *names[place + 1 :]]:
            new.writestr(name, old.read(name))
    return less


@pytest.mark.requirement("R44")
def test_all_own_proofs_come_in_one_file_that_a_stranger_can_check(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer, tmp_path: Path
) -> None:
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.read(permission)
    lotte.withdraw(permission)
    publish(house)
    visitor = visit(lotte)
    [link] = [one for one in visitor.get("/mijn/gelezen").links if one.startswith("/mijn/bewijzen")]
    form = visitor.get(link).form("/mijn/bewijzen.zip")
    assert form.method == "get"
    download = visitor.get("/mijn/bewijzen.zip", adres=lotte.occupancy(), van="", tot="")
    assert download.response.headers["Content-Disposition"] == 'attachment; filename="bewijzen.zip"'
    path = saved(download, tmp_path)
    assert checked(house, path) == 0
    with zipfile.ZipFile(path) as archive:
        receipts = [name for name in archive.namelist() if name.endswith(".tlog-proof")]
        words = archive.read("LEESMIJ.txt").decode()
        note = archive.read("stand.note")
        assert publish(house).vkey in archive.read("sleutels.txt").decode()
    assert len(receipts) == len(lotte.statements(limit=200))
    assert "ledger receipt chain verify bewijzen.zip --key http://localhost/ledger/vkey" in words
    assert "--part" not in words
    for place in range(1, len(receipts)):
        assert checked(house, without(path, place)) == 1
    (tmp_path / "stand.note").write_bytes(note)
    assert checked(house, path, "--head", str(tmp_path / "stand.note")) == 0


def test_proofs_of_while_the_logs_key_changes_hold_under_either_key_and_bring_all_of_them(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer, tmp_path: Path
) -> None:
    """The publisher has gone over to the next key, the file of keys still begins with the old one."""
    bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])
    old, door = publish(house), house.house.promise_key
    new, public = SigningKey(old.name, b"\x08" * 32), house.folder / "public"
    (public / "vkey").write_text("".join(f"{key.vkey}\n" for key in (old, door, new)))
    note = (public / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    keys = tmp_path / "sleutels.txt"
    for signers in ([old, new], [new]):
        (public / "checkpoint").write_bytes(sign_note(note, signers))
        path = saved(visit(lotte).get("/mijn/bewijzen.zip", adres=lotte.occupancy()), tmp_path)
        with zipfile.ZipFile(path) as archive:
            keys.write_bytes(archive.read("sleutels.txt"))
            assert "alle sleutels van het logboek" in archive.read("LEESMIJ.txt").decode()
        command = ["receipt", "chain", "verify", str(path), "--door-key", str(keys), "--key"]
        assert keys.read_text().splitlines() == [old.vkey, door.vkey, new.vkey]
        assert main([*command, str(keys)]) == 0
        assert main([*command, new.vkey]) == 0
        assert main([*command, old.vkey]) == (0 if old in signers else 1)


def test_a_page_of_proofs_after_another_is_not_lost(
    visit: Visit,
    house: TheHouse,
    lotte: Customer,
    bram: Party,
    measured_autumn: Customer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("databeheer.door.commands.receipts.MOST_OPENED", 2)
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    for _ in range(3):
        bram.read(permission)
    publish(house)
    path = saved(visit(lotte).get("/mijn/bewijzen.zip", adres=lotte.occupancy()), tmp_path)
    assert checked(house, path) == 0


def test_the_proofs_of_days_gone_by_are_a_part(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer, tmp_path: Path
) -> None:
    bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])
    publish(house)
    visitor = visit(lotte)
    path = saved(visitor.get("/mijn/bewijzen.zip", adres=lotte.occupancy(), tot="2020-01-01"), tmp_path)
    assert checked(house, path) == 1
    assert checked(house, path, "--part") == 0
    with zipfile.ZipFile(path) as archive:
        assert "--part" in archive.read("LEESMIJ.txt").decode()


def test_too_many_at_once_days_turned_around_and_strange_fields_are_told(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    lotte.grant(bram.ask())
    publish(house)
    visitor, point = visit(lotte), lotte.occupancy()
    today = day_of(house.clock.now()).isoformat()
    turned = visitor.get("/mijn/bewijzen.zip", adres=point, van=today, tot="2020-01-01")
    assert turned.status == 400
    assert "De laatste dag ligt voor de eerste." in turned.text
    for wrong in ({"van": "1-2-2026"}, {"adres": "Lotte"}, {"meer": "ja"}):
        assert visitor.get("/mijn/bewijzen.zip", **({"adres": point} | wrong)).status == 400
    monkeypatch.setattr(proofs, "MOST_PROOFS", 1)
    many = visitor.get("/mijn/bewijzen.zip", adres=point)
    assert many.status == 413
    assert "Kies minder dagen" in many.text


def test_a_day_that_no_line_can_be_of_is_named_with_the_days_that_can_be(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    publish(house)
    visitor, point = visit(lotte), lotte.occupancy()
    tomorrow = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    possible = f"Vul een dag in, van 1 januari 1990 tot en met {saying.day(house.clock.now())}."
    for name, words in (("van", "Eerste dag"), ("tot", "Laatste dag")):
        for day in ("1900-01-01", tomorrow, "1-2-2026"):
            for path in ("/mijn/bewijzen.zip", "/mijn/bewijzen"):
                page = visitor.get(path, adres=point, **{name: day})
                assert page.status == 400
                assert f"{words}: {possible} Of laat dit leeg." in page.text
                assert f"#{name}" in page.links
                assert page.has_form("/mijn/bewijzen.zip")
    assert visitor.get("/mijn/bewijzen.zip", adres=point, van="1990-01-01").status == 200


def test_proofs_before_the_next_checkpoint_say_wait(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    publish(house)
    lotte.grant(bram.ask())
    page = visit(lotte).get("/mijn/bewijzen.zip", adres=lotte.occupancy())
    assert page.status == 503
    assert "Het bewijs is bijna klaar" in page.text


def test_nobody_gets_the_proofs_of_another(
    visit: Visit, stranger: Visitor, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    publish(house)
    answers = [
        visit(maria).get("/mijn/bewijzen.zip", adres=point)
        for point in (lotte.occupancy(), "00000000-0000-4000-8000-000000000000")
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert visit(maria).get("/mijn/bewijzen.zip").status == 404
    assert stranger.get("/mijn/bewijzen.zip", adres=lotte.occupancy()).status != 200
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(answers[0].response.data))
