"""The page `/ledger` tells a passer-by where the log stands, also when it is empty, late, refused or wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from databeheer.clock import SettableClock
from ledger.growth import GrowthKeeper, Hour, State
from ledger.note import SigningKey, sign_note
from tests.ledger.logs import chained, publish_anew
from tests.ledger.witnesses import a_key, policy_text
from tests.web.portal.visiting import Page
from tests.web.public.conftest import Standing
from web import WebSettings, close, create_app
from web.public.flanders import checked_in
from web.public.growing import MOST_DAYS, MOST_HOURS, growing
from web.public.standing import LATE_AFTER, look_at
from web.public.year_in_words import duration, gigabytes, year_rows

NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # 12 o'clock in Brussels
MINUTE = timedelta(minutes=1)


class Published:
    """A log of a given size in a directory, a clock, and a site without database or door."""

    def __init__(self, place: Path, size: int) -> None:
        self.key = SigningKey("ledger.example/page", bytes(range(32)))
        self.clock = SettableClock(NOON)
        self.log = publish_anew(place, chained(size), self.key)
        self.public = self.log.public
        (self.public / "vkey").write_text(f"{self.key.vkey}\n")
        os.utime(self.public / "checkpoint", (NOON.timestamp(), NOON.timestamp()))
        self.app = create_app(
            WebSettings(
                database_url="postgresql://nobody@127.0.0.1:1/none",
                door_socket=place / "no.sock",
                ledger_directory=self.public,
                secret_key="a secret of forty characters for tests..",
                base_url="http://127.0.0.1:8000",
            ),
            clock=self.clock,
        )

    @property
    def keeper(self) -> GrowthKeeper:
        return GrowthKeeper(self.public, self.clock.now)

    def page(self) -> Page:
        return Page(self.client.get("/ledger", base_url="http://127.0.0.1:8000"))

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Published]:
    log = Published(tmp_path / "log", 300)
    yield log
    close(log.app)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Published]:
    log = Published(tmp_path / "log", 0)
    yield log
    close(log.app)


def test_the_newest_checkpoint_is_shown_with_its_size_time_and_short_root(published: Published) -> None:
    page = published.page()
    root = (published.public / "checkpoint").read_text().splitlines()[2]
    assert page.status == 200
    assert "300" in page.text
    assert "20 november 2026 om 12.00 uur" in page.text
    assert f"{root[:8]} … {root[-8:]}" in page.text
    assert root not in page.text
    assert page.inline == []


def test_the_address_of_the_log_may_end_in_a_slash(published: Published) -> None:
    answer = published.client.get("/ledger/", base_url="http://127.0.0.1:8000")
    assert answer.status_code == 200
    assert Page(answer).text == published.page().text


def test_the_fingerprint_is_that_of_the_public_key(published: Published) -> None:
    digits = sha256(published.key.verifier.public_key).hexdigest()
    page = published.page()
    assert " ".join(digits[at : at + 4] for at in range(0, 64, 4)) in page.text
    assert published.key.vkey in page.text


def test_a_log_without_entries_says_so_and_draws_nothing(empty: Published) -> None:
    empty.keeper.looked(0)
    page = empty.page()
    assert "Het logboek is nog leeg" in page.text
    assert "Hoe het logboek groeit" not in page.text
    assert "achter" not in page.text


def test_a_log_that_was_never_published_says_so(published: Published) -> None:
    (published.public / "checkpoint").unlink()
    (published.public / "vkey").unlink()
    page = published.page()
    assert "Er is nog niets gepubliceerd" in page.text
    assert "De sleutel" not in page.text


@pytest.mark.parametrize(
    "damage",
    [
        lambda note: note.replace(b"\n300\n", b"\n299\n"),
        lambda note: note[:-9] + b"AAAAAAA=\n",
        lambda note: b"no checkpoint\n",
    ],
)
def test_a_checkpoint_that_the_key_did_not_sign_is_not_shown_as_one(
    published: Published, damage: object
) -> None:
    path = published.public / "checkpoint"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    page = published.page()
    assert "klopt niet" in page.text
    assert "De nieuwste stand" not in page.text


def test_a_publisher_that_looks_every_beat_is_not_late_however_old_its_checkpoint(
    published: Published,
) -> None:
    published.clock.advance(timedelta(days=3))
    published.keeper.looked(300)
    published.clock.advance(LATE_AFTER)
    assert "loopt achter" not in published.page().text


@pytest.mark.parametrize(
    ("minutes", "words"), [(1.1, "1 minuut"), (12, "12 minuten"), (1500, "1.500 minuten")]
)
def test_a_publisher_that_did_not_look_for_sixty_beats_is_late(
    published: Published, minutes: float, words: str
) -> None:
    published.keeper.looked(300)
    published.clock.advance(minutes * MINUTE)
    page = published.page()
    assert "De uitgever loopt achter" in page.text
    assert f"al {words} niet meer" in page.text


def test_a_publisher_that_refuses_is_said_to_and_what_was_signed_still_stands(published: Published) -> None:
    published.keeper.looked(300)
    published.keeper.refused()
    published.clock.advance(12 * MINUTE)
    page = published.page()
    assert "De uitgever weigert nu te tekenen" in page.text
    assert "loopt achter" not in page.text
    assert "De nieuwste stand" in page.text


def test_a_publisher_that_waits_for_witnesses_is_said_to(published: Published) -> None:
    published.keeper.looked(300, State.WAITING)
    page = published.page()
    assert "De uitgever wacht op getuigen" in page.text
    published.keeper.looked(300)
    assert "getuigen" not in published.page().text.split("Wat het logboek niet toont")[0]


def test_witnesses_of_the_policy_are_named_with_their_time_and_nobody_else_is(published: Published) -> None:
    regulator, stranger = a_key("regulator"), a_key("stranger")
    path = published.public / "checkpoint"
    note = path.read_text()
    text = note.partition("\n\n")[0] + "\n"
    at = int(NOON.timestamp())
    (published.public / "policy").write_bytes(policy_text("all", ("r", regulator, None)))
    path.write_text(note + regulator.cosign(text, at - 60) + stranger.cosign(text, at))
    page = published.page()
    assert "Mee getekend door witness.example/regulator , 20 november 2026 om 11.59 uur" in page.text
    assert "stranger" not in page.text
    for line in (regulator.cosign(text, at + 10**6), regulator.cosign(text + "another\n", at)):
        path.write_text(note + line)
        assert "Mee getekend door" not in published.page().text
    path.write_text(note + regulator.cosign(text, at))
    (published.public / "policy").write_text("no policy\n")
    assert "Mee getekend door" not in published.page().text


def test_without_a_file_of_growth_nothing_is_said_of_it(published: Published) -> None:
    for content in (None, b"damaged"):
        if content:
            (published.public / "growth").write_bytes(content)
        page = published.page()
        assert "Hoe het logboek groeit" not in page.text
        assert "loopt achter" not in page.text
        assert published.client.get("/ledger/growth").status_code == 404


def test_the_growth_is_served_as_it_is_kept_and_names_no_finer_time(published: Published) -> None:
    published.clock.advance(timedelta(minutes=17, seconds=31))
    published.keeper.looked(300)
    answer = published.client.get("/ledger/growth")
    assert answer.get_data(as_text=True) == "growth/v1\nstate publishing\n2026-11-20T11:00:00Z 300\n"
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "Last-Modified" not in answer.headers


def test_the_chart_shows_each_hour_and_now_and_leaves_a_hole_where_nobody_looked(
    published: Published,
) -> None:
    for hours, size in ((0, 10), (1, 80), (2, 250)):  # from 12 to 13, then at 15 o'clock
        published.clock.advance(timedelta(hours=hours))
        published.keeper.looked(size)
    page = published.page()
    for words in (
        "In het uur vanaf",
        "om 12.00 uur 10",
        "om 13.00 uur 80",
        "om 14.00 uur niet gekeken",
        "om 15.00 uur 250",
        "nu 300",
    ):
        assert words in page.text
    assert "toen keek de uitgever niet" in page.text
    assert page.html.count('class="chart"') == 1


def test_a_log_that_began_within_an_hour_stands_under_that_hour_and_the_page_says_what_that_means(
    published: Published,
) -> None:
    """The first look was at 5.53 in Belgium: 129 entries, in the hour from 5.00 on."""
    published.clock.set(datetime(2026, 11, 21, 4, 53, tzinfo=UTC))
    published.keeper.looked(129)
    page = published.page()
    assert "In het uur vanaf Regels 21 november 2026 om 5.00 uur 129 nu 300" in page.text
    assert "toen de uitgever voor het eerst keek in elk uur" in page.text
    assert "Bij 5.00 uur staat dus wat hij zag tussen 5.00 en 6.00 uur" in page.text


def test_hours_are_belgian_in_summer_too_and_the_hour_that_comes_twice_has_two_names() -> None:
    summer = datetime(2027, 7, 1, 21, tzinfo=UTC)
    assert labels(summer, 2) == ["1 juli 2027 om 23.00 uur", "2 juli 2027 om 0.00 uur"]
    assert labels(datetime(2026, 10, 24, 23, tzinfo=UTC), 4) == [
        "25 oktober 2026 om 1.00 uur",
        "25 oktober 2026 om 2.00 uur (zomertijd)",
        "25 oktober 2026 om 2.00 uur (wintertijd)",
        "25 oktober 2026 om 3.00 uur",
    ]
    assert labels(datetime(2027, 3, 28, 0, tzinfo=UTC), 2) == [
        "28 maart 2027 om 1.00 uur",
        "28 maart 2027 om 3.00 uur",
    ]


def labels(first: datetime, count: int) -> list[str]:
    hours = [Hour(first + number * timedelta(hours=1), number + 1) for number in range(count)]
    drawn = growing(hours, count, hours[-1].begin)
    assert drawn is not None
    return [step.label for step in drawn.steps[:-1]]


def test_days_are_belgian_days() -> None:
    """Half past midnight in Belgium is a new day, though not in UTC; also when the days change their length."""
    hours = [
        Hour(datetime(2026, 10, 24, 22, tzinfo=UTC), 1),  # 25 October, 0.00
        Hour(datetime(2026, 10, 25, 22, tzinfo=UTC), 2),  # 25 October, 23.00
        Hour(datetime(2026, 10, 25, 23, tzinfo=UTC), 3),  # 26 October, 0.00
        Hour(datetime(2026, 10, 27, 23, tzinfo=UTC), 4),  # 28 October, 0.00
    ]
    drawn = growing(hours, 5, datetime(2026, 10, 27, 23, 30, tzinfo=UTC))
    assert drawn is not None
    assert drawn.by_day
    assert [(step.label, step.size) for step in drawn.steps] == [
        ("25 oktober 2026", 1),
        ("26 oktober 2026", 3),
        ("27 oktober 2026", None),
        ("28 oktober 2026", 4),
        ("nu", 5),
    ]


def test_while_the_key_changes_both_are_shown_and_to_be_kept(published: Published) -> None:
    after, door = (
        SigningKey(published.key.name, b"n" * 32),
        SigningKey(f"{published.key.name}/door", b"d" * 32),
    )
    assert "Volgende sleutel" not in published.page().text
    (published.public / "vkey").write_text("".join(f"{key.vkey}\n" for key in (published.key, door, after)))
    page = published.page()
    assert f"Sleutel {published.key.vkey}" in page.text
    assert f"Volgende sleutel {after.vkey} Sleutel van de deur {door.vkey}" in page.text
    assert f"printf '%s\\n' '{published.key.vkey}' '{after.vkey}' > log.vkey" in page.text
    # Whoever publishes may be ahead of the file: signed by the next one alone, the checkpoint still counts.
    note = (published.public / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    (published.public / "checkpoint").write_bytes(sign_note(note, [after]))
    assert "De nieuwste stand" in published.page().text
    (published.public / "checkpoint").write_bytes(sign_note(note, [door]))
    assert "klopt niet" in published.page().text


def test_the_chart_of_many_days_goes_by_the_day(published: Published) -> None:
    keeper = published.keeper
    for day in range(120):
        keeper.looked(day)
        published.clock.advance(timedelta(days=1))
    growth = look_at(published.public, published.clock.now()).growth
    assert growth is not None
    drawn = growing(growth.hours, 300, published.clock.now())
    assert drawn is not None
    assert drawn.by_day
    assert len(drawn.steps) == MOST_DAYS + 1
    assert [step.size for step in drawn.steps[-3:]] == [119, None, 300]
    assert drawn.steps[-2].label == "20 maart 2027"


def test_the_chart_of_the_first_days_goes_by_the_hour(published: Published) -> None:
    keeper = published.keeper
    for _ in range(MOST_HOURS):
        keeper.looked(5)
        published.clock.advance(timedelta(hours=1))
    growth = look_at(published.public, published.clock.now()).growth
    assert growth is not None
    drawn = growing(growth.hours, 300, published.clock.now())
    assert drawn is not None
    assert not drawn.by_day
    assert len(drawn.steps) == MOST_HOURS + 1
    assert len(drawn.chart) < 12_000


@pytest.mark.parametrize(
    ("size", "unit"),
    [
        (1, "regels"),
        (9_999, "regels"),
        (10_000, "duizend regels"),
        (333_282_650, "miljoen regels"),
        (10**12, "miljoen"),
    ],
)
def test_a_large_log_is_drawn_in_large_units(published: Published, size: int, unit: str) -> None:
    published.keeper.looked(size // 2)
    growth = look_at(published.public, NOON).growth
    assert growth is not None
    drawn = growing(growth.hours, size, NOON + MINUTE)
    assert drawn is not None
    assert drawn.unit.startswith(unit)
    assert drawn.chart.count('class="rule"') <= 6


def test_hours_that_have_not_come_yet_are_left_out(published: Published) -> None:
    published.keeper.looked(5)
    growth = look_at(published.public, NOON).growth
    assert growth is not None
    assert growing(growth.hours, 5, NOON - timedelta(hours=3)) is None


def test_what_a_year_of_flanders_costs_is_shown_with_its_assumptions_and_its_machine(
    published: Published,
) -> None:
    year = checked_in()
    assert year is not None
    page = published.page()
    for row in year_rows(year):
        assert f"{row.name} {row.alone} {row.in_bulk}" in page.text
    for use in year.assumptions.uses:
        assert use.name in page.text
        assert use.source in page.text
    assert year.assumptions.access_points_source in page.text
    assert f"{year.figures.command} op" in page.text
    assert year.figures.machine.processor in page.text


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1, "1 MB"),
        (999_999_999, "1.000 MB"),
        (10**9, "1,0 GB"),
        (5_660_000_000, "5,7 GB"),
        (47_700_000_000, "47,7 GB"),
        (12 * 10**12, "12.000,0 GB"),
    ],
)
def test_sizes_are_said_in_giga_or_megabytes(size: int, words: str) -> None:
    assert gigabytes(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 minuut"),
        (61, "1 minuut"),
        (133, "2 minuten"),
        (7199, "120 minuten"),
        (7200, "2,0 uur"),
        (45_000, "12,5 uur"),
    ],
)
def test_times_are_said_in_hours_or_minutes(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_a_passer_by_who_is_not_logged_in_reads_the_page_of_a_real_house(standing: Standing) -> None:
    page = Page(standing.browser.get("/ledger"))
    assert "Zelf controleren, in drie regels" in page.text
    assert "Wat het logboek niet toont" in page.text
    assert standing.supplier.name not in page.text
