"""Decisions: in memory against two engines that say yes or no, from PostgreSQL against the bare query."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache

import cedarpy
from casbin import FastEnforcer
from casbin.model import FastModel

from databeheer.access.catalogue import load
from databeheer.access.decide import decide
from databeheer.access.facts import Facts, Permission, PermissionState
from databeheer.access.intervals import FOREVER
from tests.bench.granted import NOW, Grants, Key, Question, make_grants
from tests.bench.measure import Benchmark, Row, rates, seconds

CATALOGUE = load()
GRANTS = 100_000
ASKED = 4_000
"""Questions a round: enough of the mixture for an engine to show its rate in. All are checked against brute force."""

Ask = Callable[[int], bool]
"""Answer the question of that number; requests are made ready beforehand, for all alike."""


@lru_cache(maxsize=1)
def world() -> Grants:
    return make_grants(GRANTS, questions=ASKED)


def ours(grants: Grants) -> Ask:
    """decide(), with the facts of every pair of party and access point in memory."""
    facts, questions = grants.facts(), grants.questions
    strangers = {name: Facts(party=party) for name, party in grants.parties.items()}

    def ask(number: int) -> bool:
        question = questions[number]
        wish = question.wish
        party = wish.party_id
        known = facts.get((party, question.point)) or strangers[party]  # type: ignore[arg-type, index]
        return not decide(wish, known, NOW, CATALOGUE).refused

    return ask


MODEL = """
[request_definition]
r = party, point, wish
[policy_definition]
p = party, point, grant
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = allows(r.wish, p.grant)
"""


def with_casbin(grants: Grants) -> Ask:
    """casbin's FastEnforcer, policies keyed by party and access point, terms compared by one function of ours.

    Its best encoding that we found: with the comparisons written in the matcher it is three times slower.
    """
    model = FastModel((0, 1))
    model.load_model_from_text(MODEL)
    enforcer = FastEnforcer(model, cache_key_order=(0, 1))
    lines = {str(n): grant_line(grants, key, grant) for n, (key, grant) in enumerate(active(grants))}
    enforcer.add_policies([[*line[:2], number] for number, line in lines.items()])
    terms = {number: tuple(line[2:]) for number, line in lines.items()}
    now = moment(NOW)

    def allows(wish: tuple[str, ...], number: str) -> bool:
        if not number:  # where nothing matches, casbin still evaluates once, on nothing
            return False
        purpose, fineness, first, last, begin, end = terms[number]
        return (
            wish[0] == purpose
            and wish[1] >= fineness
            and wish[2] >= first
            and wish[3] <= last
            and begin <= now < end
        )

    enforcer.add_function("allows", allows)

    asked = [
        (
            question.wish.party_id,
            question.point,
            (
                question.wish.purpose.value,
                str(question.wish.granularity.rank),
                moment(question.wish.period.start),
                moment(question.wish.period.end),
            ),
        )
        for question in grants.questions
    ]
    return lambda number: bool(enforcer.enforce(*asked[number]))


def grant_line(grants: Grants, key: Key, grant: Permission) -> list[str]:
    """A grant as a rule: what may be seen, already cut to the occupancy of who gave it."""
    party, point = key
    home = next(home for home in grants.occupancies[point] if home.id == grant.occupancy_id)
    return [
        party,
        point,
        grant.purpose.value,
        str(grant.granularity.rank),
        moment(max(grant.data_period.start, home.period.start)),
        moment(min(grant.data_period.stop, home.period.stop)),
        moment(grant.valid_period.start),
        moment(min(grant.valid_period.stop, home.period.stop)),
    ]


def moment(instant: datetime) -> str:
    """All of one length, so that they compare as text."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant < FOREVER else "9999-12-31T23:59:59Z"


def active(grants: Grants) -> Iterator[tuple[Key, Permission]]:
    for key, several in grants.permissions.items():
        for grant in several:
            if grant.state is PermissionState.ACTIVE:
                yield key, grant


POLICY = """
permit(principal, action, resource) when {{
  context.purpose == "{2}" && context.fineness >= {3} && context.start >= {4} && context.end <= {5} &&
  context.now >= {6} && context.now < {7}
}};
"""


def with_cedar(grants: Grants) -> Ask:
    """cedarpy: a policy a grant, a parsed policy set for each pair of party and access point that is asked of."""
    wanted = {(str(question.wish.party_id), question.point) for question in grants.questions}
    texts: dict[Key, str] = {}
    for key, grant in active(grants):
        if key in wanted:
            line = grant_line(grants, key, grant)
            texts[key] = texts.get(key, "") + POLICY.format(
                *line[:4], *(whole_seconds(one) for one in line[4:])
            )
    handles = {key: cedarpy.PolicySet.from_str(text) for key, text in texts.items()}
    nobody = cedarpy.Entities.from_json_str("[]")
    now = int(NOW.timestamp())

    def prepared(question: Question) -> tuple[cedarpy.PolicySet | None, dict[str, object]]:
        wish = question.wish
        context = {
            "purpose": wish.purpose.value,
            "fineness": wish.granularity.rank,
            "start": int(wish.period.start.timestamp()),
            "end": int(wish.period.end.timestamp()),
            "now": now,
        }
        return handles.get((str(wish.party_id), question.point)), {
            "principal": f'Party::"{wish.party_id}"',
            "action": 'Action::"read"',
            "resource": f'Point::"{question.point}"',
            "context": context,
        }

    asked = [prepared(question) for question in grants.questions]

    def ask(number: int) -> bool:
        handle, request = asked[number]
        # Without a policy the answer is no; the engine need not be asked.
        return handle is not None and cedarpy.is_authorized(request, handle, nobody).allowed

    return ask


def whole_seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def agreeing(grants: Grants) -> dict[str, Ask]:
    """All that are measured, each shown to say of every question what the brute force says."""
    permitted = grants.permitted()
    engines = {"ours": ours(grants), "casbin": with_casbin(grants), "cedarpy": with_cedar(grants)}
    for engine, ask in engines.items():
        if [ask(number) for number in range(len(permitted))] != permitted:
            raise AssertionError(f"{engine} does not agree with the brute force")
    return engines


def in_memory(name: str) -> Row:
    """decide() with intervals and reasons against the faster of two engines that say yes or no; 100,000 grants."""
    grants = world()
    numbers = range(ASKED)
    engines = agreeing(grants)
    gc.collect()
    gc.freeze()  # a hundred thousand grants are not looked through for garbage in anybody's round

    def all_of(engine: str) -> Callable[[], object]:
        ask = engines[engine]
        return lambda: [ask(number) for number in numbers]

    faster = min(("casbin", "cedarpy"), key=lambda engine: min(seconds(all_of(engine)) for _ in range(3)))
    row = rates(
        name, ours=all_of("ours"), theirs=all_of(faster), count=ASKED, unit="decisions/s", goal=4, rounds=9
    )
    gc.unfreeze()
    return row


BENCHMARKS: dict[str, Benchmark] = {"access-decide-in-memory": in_memory}
