"""Whether the house is ready, and which part is not."""

from __future__ import annotations

import shutil

from prometheus_client.parser import text_string_to_metric_families

from tests.house import TheHouse
from tests.web.programs import publish
from tests.web.public.conftest import Standing
from tests.web.sites import browser, make_whole_site
from web import close


def test_a_house_with_database_door_and_checkpoint_is_ready(standing: Standing) -> None:
    answer = standing.browser.get("/health/ready")
    assert answer.status_code == 200
    assert answer.get_json()["parts"] == {"database": "up", "door": "up", "checkpoint": "up"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_missing_part_is_named(house: TheHouse) -> None:
    app = make_whole_site(house)
    client = browser(app)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.get_json()["parts"]["checkpoint"]) == (503, "down")
    publish(house)
    assert client.get("/health/ready").status_code == 200
    (house.folder / "public" / "checkpoint").write_text("not a checkpoint\n")
    assert client.get("/health/ready").get_json()["parts"]["checkpoint"] == "down"
    shutil.rmtree(house.folder / "public")
    assert client.get("/health/ready").get_json()["parts"]["checkpoint"] == "down"
    close(app)


def test_a_door_that_is_closed_is_named_and_the_process_lives_on(house: TheHouse) -> None:
    app = make_whole_site(house, door_socket=house.folder / "no.sock")
    client = browser(app)
    assert client.get("/health/ready").get_json()["parts"] == {
        "database": "up",
        "door": "down",
        "checkpoint": "down",
    }
    assert client.get("/health/live").status_code == 200
    close(app)


def test_a_database_that_is_gone_is_named(house: TheHouse) -> None:
    app = make_whole_site(house, database_url="postgresql://databeheer_web:wrong@127.0.0.1:1/none")
    parts = browser(app).get("/health/ready").get_json()["parts"]
    assert (parts["database"], parts["door"]) == ("down", "up")
    close(app)


def test_the_figures_are_for_prometheus_and_name_nobody(standing: Standing) -> None:
    answer = standing.browser.get("/metrics")
    families = {
        family.name: family for family in text_string_to_metric_families(answer.get_data(as_text=True))
    }
    up = {sample.labels["part"]: sample.value for sample in families["databeheer_up"].samples}
    assert up == {"database": 1.0, "door": 1.0, "checkpoint": 1.0}
    assert families["databeheer_ledger_published_entries"].samples[0].value > 5
    assert families["databeheer_handover_stopped"].samples[0].value == 0
    assert standing.supplier.name not in answer.get_data(as_text=True)


def test_a_stop_shows_in_the_figures(house: TheHouse) -> None:
    app = make_whole_site(house)
    house.operator("stop.set", reason="test")
    assert "databeheer_handover_stopped 1.0" in browser(app).get("/metrics").get_data(as_text=True)
    close(app)
