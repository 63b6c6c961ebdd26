"""Which test fails when a rule is removed: requirements of access and of readings, the change, and who notices.

`docs/requirements.md` calls a requirement shown where a test is marked with it. Whether that test would fail without
the rule is seen here: the rule is taken out of a copy of the sources, and one of the marked tests must fail.

    python -m tests.removals [R4 R7 ...]     removes each rule and prints who noticed (all: a quarter of an hour)

`make soak` runs it whole. The normal tests see that each removal still has its place in the sources.
"""

# ruff: noqa: E501  # what is taken out is quoted as it stands

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.databases import SERVER_VARIABLE
from tests.requirements_register import ROOT, TESTS, find_marks

_NUMBERS = (*range(1, 10), *range(12, 41), *range(51, 58), 60, 63, *range(72, 79), 97, *range(99, 117))
OF_ACCESS = [f"R{number}" for number in _NUMBERS]
"""The requirements that issue 4 asks this of."""
OF_PROGRAMS = ["R45", "R46", "R48", "R80", "R153"]
"""Of the interfaces for programs, issue 6."""
OF_DESK = [f"R{number}" for number in range(82, 90)]
"""Of the desk, issue 8."""
OF_STAFF = ["R155", "R156", "R158"]
"""Of the house's own people, issue 8."""
OF_LINKING = ["R81", *(f"R{number}" for number in range(91, 96)), "R98"]
"""Of signing in and of linking an access point, issue 7."""
OF_READINGS = [
    "R11",
    "R58",
    "R59",
    "R60",
    "R61",
    "R62",
    "R64",
    "R65",
    "R66",
    "R67",
    "R68",
    "R69",
    "R70",
    "R71",
    *(f"R{number}" for number in range(130, 138)),
    "R173",
    "R176",
    "R177",
    *(f"R{number}" for number in range(178, 182)),
    "R183",
    "R190",
    "R197",
]
"""Those of validation, and of what is read at all."""
COPIED = (
    "databeheer",
    "ledger",
    "web",
    "migrations",
    "tests",
    "docs",
    "pyproject.toml",
    "README.md",
    "Makefile",
)
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "journeys", "node_modules")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.+?|\S+)(?: - .*)?$", re.MULTILINE)
"""A test's name may hold blanks, in what it is parametrized with."""
TOO_SLOW = (
    "tests/journeys/",
    "tests/databeheer/site/",
    "tests/web/every_page/",
    "test_route_persona_table",
)
"""Tests that are not asked: others show the same sooner."""


@dataclass(frozen=True)
class Removal:
    """A rule, and the change to one file without which it is gone."""

    requirement: str
    rule: str
    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Take the rule out; raises ValueError where it does not stand there exactly once."""
        place = root / self.file
        text = place.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.requirement}: {self.old!r} stands {text.count(self.old)} times in {self.file}"
            )
        place.write_text(text.replace(self.old, self.new), encoding="utf-8")


ACCESS, DOOR, COMMANDS = "databeheer/access/", "databeheer/door/", "databeheer/door/commands/"
PERMISSIONS = "databeheer/permissions/"
MANDATES = PERMISSIONS + "mandates.py"
TEMPLATES = "web/templates/portal/"
DOUBT, CLOCKS = "databeheer/doubt/", "databeheer/clocks/catalogue.toml"
VALIDATION = "databeheer/metering/validation/"
RULES_OF = VALIDATION + "rules/"
PLAN = "databeheer/metering/plan/"
LINKING, SIGNING_IN = DOOR + "linking/", "databeheer/identity/"
CREDIT = "databeheer/door/credit/"
STATISTICS, RUNS = "databeheer/statistics/", "databeheer/door/statistics/"

REMOVALS = (
    Removal("R1", "one basis, not two", ACCESS + "decide.py", "open_ = minus(open_, piece)", "pass"),
    Removal(
        "R1",
        "another's facts are no basis",
        ACCESS + "by_consent.py",
        "if permission.party_id == wish.party_id and wish",
        "if wish",
    ),
    Removal(
        "R2",
        "the closed list of roles",
        COMMANDS + "parties.py",
        "role=one_of(*(role.value for role in Role if role not in NO_PARTY_ROLES))",
        "role=short_text()",
    ),
    Removal(
        "R3",
        "the ceiling by law",
        ACCESS + "by_law.py",
        "finest = finest or row.ceiling\n",
        "finest = Granularity.QUARTER_HOUR\n",
    ),
    Removal(
        "R3",
        "no finer than the customer allowed",
        ACCESS + "by_consent.py",
        "finest = permission.granularity\n",
        "finest = row.ceiling\n",
    ),
    Removal(
        "R3",
        "whole slots only",
        ACCESS + "decide.py",
        "    wanted = minus(wanted, cut) if cut else wanted\n",
        "",
    ),
    Removal(
        "R3",
        "no slot that a permission cuts",
        ACCESS + "decide.py",
        "    if may_sever(ground.finest, reach):\n",
        "    if False:\n",
    ),
    Removal(
        "R3",
        "no days to come",
        ACCESS + "slots.py",
        "        cut.extend(meet(reach, ((max(asked.start, now), asked.end),)))\n",
        "        pass\n",
    ),
    Removal(
        "R4",
        "not of the time of somebody who did not sign",
        ACCESS + "by_consent.py",
        "        *_signature_limit(case, permission, granter, row),\n",
        "",
    ),
    Removal(
        "R4",
        "active when all have signed",
        COMMANDS + "answers.py",
        "    if missing:\n",
        "    if missing and False:\n",
    ),
    Removal(
        "R5",
        "from the live registry, all parties",
        "web/public/parties.py",
        '" ORDER BY p.role, p.name"',
        "\" WHERE p.role <> 'supplier' ORDER BY p.role, p.name\"",
    ),
    Removal(
        "R5",
        "with the legal basis",
        "web/public/parties.py",
        "bases=legal_bases().rows_of(Role(row.role)),",
        "bases=(),",
    ),
    Removal(
        "R6",
        "no overview, no data",
        ACCESS + "conditions.py",
        "    return any(now in overview for overview in party.overviews)",
        "    return True",
    ),
    Removal(
        "R7",
        "nothing of who was not told",
        ACCESS + "ground.py",
        "    return ((ReasonCode.NO_NOTICE, merged((period.start, period.stop) for period in allowed)),)",
        "    return ()",
    ),
    Removal(
        "R7", "told before, not after", ACCESS + "ground.py", "        and notice.given_at <= case.now\n", ""
    ),
    Removal(
        "R7",
        "who moves in is told of who reads by law",
        COMMANDS + "points.py",
        "    told = notifying.write(house, turn, occupancy, operators, notifying.ON_ARRIVAL)\n",
        "    told = list[Any]()\n",
    ),
    Removal(
        "R8",
        "a grant is told to the customer",
        DOOR + "post/permissions.py",
        "        to += [outbox.customer(person_id) for person_id in _people(turn, row, event)]\n",
        "        pass\n",
    ),
    Removal(
        "R9",
        "the operator is held to the same conditions",
        ACCESS + "ground.py",
        "    if party is None or case.wish.person_id is not None:\n",
        "    if party is None or case.wish.person_id is not None or case.facts.grid_operator_id == party.id:\n",
    ),
    Removal(
        "R12",
        "no contract, no data",
        ACCESS + "conditions.py",
        "    return party.contract_period is not None and now in party.contract_period",
        "    return True",
    ),
    Removal(
        "R12",
        "no contract, no request",
        PERMISSIONS + "asking.py",
        """    if row.suspended_at is not None or row.operator is None:
        raise NoLegalBasisError("your organisation has no data access contract in force")
    if not any(purpose in one.purposes for one in rows):
        raise NoLegalBasisError("this purpose is not open to an energy service")
    operator: int = row.operator
""",
        "    operator: int = row.operator or 1\n",
    ),
    Removal(
        "R13",
        "suspended on every point",
        ACCESS + "ground.py",
        "        if now in suspension:\n",
        "        if False:\n",
    ),
    Removal(
        "R13",
        "its duties go on, over HTTP too",
        COMMANDS + "statements.py",
        "with looking(house, proof, or_suspended=True, or_applicant=True) as",
        "with looking(house, proof, or_applicant=True) as",
    ),
    Removal(
        "R13",
        "its tokens end",
        "databeheer/registry/conditions.py",
        "    connection.execute(_END_TOKENS, party)\n",
        "",
    ),
    Removal(
        "R13",
        "its permissions end",
        DOOR + "suspending.py",
        "    ended = closing.close_all(turn.connection, party_id, turn.now)\n",
        "    ended = 0\n",
    ),
    Removal(
        "R14",
        "an authority needs its law",
        ACCESS + "by_law.py",
        "problem = problem or (ReasonCode.NO_AUTHORISATION if law is None else None)",
        "pass",
    ),
    Removal(
        "R14",
        "the law that the record names, no other",
        ACCESS + "by_law.py",
        "            law.id == record.authorisation_id\n            and law.party_id",
        "            law.party_id",
    ),
    Removal(
        "R14",
        "the law is cited",
        COMMANDS + "conditions.py",
        "            article=short_text(longest=100),\n",
        "            article=short_text(required=False, longest=100, missing=''),\n",
    ),
    Removal(
        "R15",
        "the uses of one party",
        DOOR + "bodies/auditing.py",
        "        rows = connection.execute(_OF_PARTY, asked)\n",
        "        rows = connection.execute(_WHOLE, asked | {'start': max(cursor, span[0]), 'stop': span[1]})\n",
    ),
    Removal(
        "R16",
        "the publisher reads the log alone",
        "migrations/versions/0019_part_of_a_permission.py",
        "GRANT UPDATE (withdrawn_part)",
        "GRANT USAGE ON SCHEMA registry TO databeheer_publisher; GRANT SELECT ON registry.notice TO databeheer_publisher;\n"
        "GRANT UPDATE (withdrawn_part)",
    ),
    Removal(
        "R17",
        "no field without a purpose",
        "migrations/versions/0019_part_of_a_permission.py",
        "GRANT UPDATE (withdrawn_part)",
        "ALTER TABLE identity.person ADD COLUMN birth_date date;\nGRANT UPDATE (withdrawn_part)",
    ),
    Removal(
        "R17",
        "nothing unasked is taken in",
        COMMANDS + "base.py",
        "    return Schema.from_dict(members)(unknown=RAISE)\n",
        "    return Schema.from_dict(members)(unknown='exclude')\n",
    ),
    Removal(
        "R18",
        "its own purpose only",
        ACCESS + "by_consent.py",
        "(None if fits and permission.purpose is wish.purpose else ReasonCode.PURPOSE_NOT_ALLOWED)",
        "None",
    ),
    Removal(
        "R19",
        "the text that was shown",
        COMMANDS + "answers.py",
        '        said |= {"notice": signature.notice.sha256.hex(), "language": signature.notice.language}\n',
        "        pass\n",
    ),
    Removal(
        "R19",
        "who signed",
        "databeheer/permissions/signers.py",
        "    added = connection.execute(\n        _SIGN,\n",
        "    return\n    added = connection.execute(\n        _SIGN,\n",
    ),
    Removal(
        "R20",
        "no answer is preselected",
        TEMPLATES + "request.html",
        'name="decision" value="none"',
        'name="decision" value="grant"',
    ),
    Removal(
        "R20",
        "who and why is said",
        TEMPLATES + "request.html",
        "{% for name, said in notice.rows %}",
        "{% for name, said in notice.rows[:1] %}",
    ),
    Removal(
        "R21",
        "one press in the overview",
        TEMPLATES + "overview.html",
        "{{ withdraw_button(each) }}",
        "",
    ),
    Removal(
        "R21",
        "withdrawing many has its place kept back",
        DOOR + "server.py",
        '        "permission.withdraw_many",\n',
        "",
    ),
    Removal(
        "R22",
        "what was withdrawn gives nothing",
        ACCESS + "by_consent.py",
        "_GIVES_ACCESS = (PermissionState.ACTIVE,",
        "_GIVES_ACCESS = (PermissionState.ACTIVE, PermissionState.REVOKED,",
    ),
    Removal(
        "R22",
        "at the next read",
        PERMISSIONS + "closing.py",
        "    state = after(State(state_at(row, now)[0]), event)\n    connection.execute(_END,",
        "    state = after(State(state_at(row, now)[0]), event)\n    return state.value\n    connection.execute(_END,",
    ),
    Removal(
        "R23",
        "until withdrawn has an end",
        "databeheer/permissions/terms.py",
        "    ends_at = longest if is_cut or valid_until is None else valid_until\n",
        "    ends_at = valid_until or longest.replace(year=2099)\n",
    ),
    Removal(
        "R23",
        "the page says until when",
        "web/portal/notice.py",
        '        (_("Hoelang mag dit?"), term_of(permission)),\n',
        "",
    ),
    Removal(
        "R24",
        "not a moment longer",
        ACCESS + "ground.py",
        "    return ReasonCode.EXPIRED if valid.stop <= now else None",
        "    return None",
    ),
    Removal(
        "R25",
        "each step is in the log of the permission",
        DOOR + "permission_record.py",
        "    history.add(\n",
        "    (lambda *_, **__: None)(\n",
    ),
    Removal(
        "R26",
        "ended ones stay listed",
        TEMPLATES + "permissions.html",
        "{% if ended %}",
        "{% if False %}",
    ),
    Removal(
        "R26",
        "with the reason",
        "databeheer/permissions/timing.py",
        "        return row.state, row.reason\n",
        "        return row.state, ''\n",
    ),
    Removal(
        "R27",
        "the data manager is told",
        DOOR + "post/permissions.py",
        "        to.append(outbox.DATA_MANAGER)\n",
        "        pass\n",
    ),
    Removal(
        "R27",
        "the party is told",
        DOOR + "post/permissions.py",
        "        to.append(outbox.party(row.party_id))\n",
        "        pass\n",
    ),
    Removal(
        "R28",
        "what the party gave up gives nothing",
        ACCESS + "by_consent.py",
        "_GIVES_ACCESS = (PermissionState.ACTIVE,",
        "_GIVES_ACCESS = (PermissionState.ACTIVE, PermissionState.TERMINATED,",
    ),
    Removal(
        "R29",
        "a move ends all",
        COMMANDS + "leaving.py",
        "    ended = closing.end_by_move(turn.connection, occupancy.occupancy_id, turn.now)\n",
        "    ended = []\n",
    ),
    Removal(
        "R29",
        "on its day, whatever the row says",
        ACCESS + "by_consent.py",
        "    if granter is not None and granter.period.stop <= now:\n",
        "    if False:\n",
    ),
    Removal(
        "R29",
        "who comes next hears nothing of it",
        ACCESS + "judged.py",
        "permissions=tuple(one for one in facts.permissions if one.occupancy_id == home.id)",
        "permissions=facts.permissions",
    ),
    Removal(
        "R30",
        "which data, from when to when",
        COMMANDS + "statements.py",
        '            "from": granted[0][0] if granted else asked[0],\n',
        '            "from": None,\n',
    ),
    Removal(
        "R30",
        "who",
        COMMANDS + "statements.py",
        '        "permission_id": line.permission_id,\n',
        '        "permission_id": None,\n',
    ),
    Removal(
        "R31",
        "a part that was left out is not granted",
        PERMISSIONS + "answering.py",
        "    data_from, data_until = granted_period(row)\n",
        "    data_from, data_until = row.data_from, row.data_until\n",
    ),
    Removal(
        "R31",
        "each part has its button",
        TEMPLATES + "request.html",
        """      <button class="button" type="submit" name="decision" value="grant_past">{% trans %}Alleen gegevens van vroeger toestaan{% endtrans %}</button>\n""",
        "",
    ),
    Removal(
        "R32",
        "who does not confirm is on the list",
        "databeheer/permissions/deletion.py",
        "    return list(connection.execute(_OVERDUE,",
        "    return []\n    return list(connection.execute(_OVERDUE,",
    ),
    Removal(
        "R32",
        "there is a day",
        "databeheer/permissions/timing.py",
        "    return midnight(day_of(end) + timedelta(days=row.deletion_days + 1))\n",
        "    return None\n",
    ),
    Removal(
        "R33",
        "no request without a purpose",
        COMMANDS + "permissions.py",
        '    "purpose": one_of(*(purpose.value for purpose in Purpose)),\n',
        "    \"purpose\": one_of(*(purpose.value for purpose in Purpose), required=False, missing='energy_advice'),\n",
    ),
    Removal(
        "R34",
        "what is past only",
        ACCESS + "catalogue.toml",
        '"occupancy", "history", "written_mandate"',
        '"occupancy", "written_mandate"',
    ),
    Removal(
        "R34",
        "history to a supplier needs it in writing",
        ACCESS + "by_consent.py",
        "        or _mandate_problem(case, permission, row)\n",
        "",
    ),
    Removal(
        "R34",
        "signature checked",
        DOOR + "facts/of_requests.py",
        "row.checked_at if row.accepted else None)",
        "row.registered_at)",
    ),
    Removal(
        "R35",
        "not shown in time: blocked",
        "databeheer/permissions/timing.py",
        "row.block_at is not None and row.block_at <= now",
        "False",
    ),
    Removal(
        "R35",
        "who failed is drawn more often",
        MANDATES,
        "1 + row.failed if count is None else count",
        "1 if count is None else count",
    ),
    Removal(
        "R35",
        "fourteen days",
        "databeheer/permissions/terms.py",
        "    mandate: int = 14\n",
        "    mandate: int = 15\n",
    ),
    Removal(
        "R36",
        "the contract holder decides",
        PERMISSIONS + "answering.py",
        "    if row.named_hash is None and row.addressed_to is None:\n        return link_hash",
        "    if link_hash is not None:\n        return link_hash",
    ),
    Removal(
        "R36",
        "whom no e-mail reaches gets a letter",
        COMMANDS + "answers.py",
        "        approval_letters.ask_on_paper(house, turn, row.permission_id)\n    return {",
        "    return {",
    ),
    *(
        Removal("R36", rule, "databeheer/approval_letters/letters.py", old, new)
        for rule, old, new in (
            ("a code has an end", "    WHEN l.expires_at <= :now THEN 'expired'\n", ""),
            ("nobody guesses", "    WHEN l.wrong_tries >= :most THEN 'guessed'\n", ""),
            ("a wrong secret counts", "wrong_tries = wrong_tries + 1", "wrong_tries = wrong_tries"),
            (
                "a newer letter may be lost",
                "WHEN EXISTS (SELECT FROM oversight.gap",
                "WHEN false AND EXISTS (SELECT FROM oversight.gap",
            ),
            (
                "somebody acts for the holder",
                "AND (a.until_day IS NULL OR a.until_day > :today)) THEN",
                "AND false) THEN",
            ),
        )
    ),
    Removal(
        "R36",
        "a slip is no attempt",
        "databeheer/approval_letters/code.py",
        "    if text[-1] != check_sign(text[:-1]):\n",
        "    if False:\n",
    ),
    Removal(
        "R36",
        "the text goes when the letter is posted",
        "databeheer/post/sealed_letters.py",
        "    for statement in (_ENDED, _FORGET):\n",
        "    for statement in (_ENDED,):\n",
    ),
    Removal(
        "R36",
        "refusing is as large as granting",
        TEMPLATES + "by_letter_request.html",
        'class="button" type="submit" name="decision" value="refuse"',
        'class="button button-second" type="submit" name="decision" value="refuse"',
    ),
    Removal(
        "R37",
        "the supplier's information is on record",
        COMMANDS + "market.py",
        "            information=short_text(longest=100),\n",
        "            information=short_text(required=False, longest=100, missing='x'),\n",
    ),
    Removal(
        "R38",
        "the regime",
        ACCESS + "by_consent.py",
        "        yield ReasonCode.NO_METERING_REGIME, pairs_of(*chosen)\n",
        "        yield ReasonCode.NO_METERING_REGIME, ALL_TIME\n",
    ),
    Removal(
        "R38",
        "the price",
        ACCESS + "by_consent.py",
        "        yield ReasonCode.NO_DYNAMIC_PRICE, merged(pair for c in contracts for pair in _dynamic(c))\n",
        "        yield ReasonCode.NO_DYNAMIC_PRICE, ALL_TIME\n",
    ),
    Removal(
        "R39",
        "its own territory",
        ACCESS + "by_law.py",
        "    if Requirement.TERRITORY in row.requires and not is_there:\n",
        "    if False:\n",
    ),
    Removal(
        "R39",
        "its own inhabitants",
        ACCESS + "by_law.py",
        "homes = tuple(home for home in homes if home.person_id is not None and case.now in home.period)",
        "pass",
    ),
    Removal(
        "R40",
        "apart from the law's",
        TEMPLATES + "overview.html",
        "{% if card.by_law %}",
        "{% if False %}",
    ),
    Removal(
        "R51",
        "a new port is closed",
        "migrations/versions/0017_user_ports.py",
        "    is_open boolean NOT NULL DEFAULT false,",
        "    is_open boolean NOT NULL DEFAULT true,",
    ),
    Removal(
        "R51",
        "nobody can add one that is open",
        "migrations/versions/0017_user_ports.py",
        "INSERT (user_port_id, operator, meter_id, port), UPDATE",
        "INSERT (user_port_id, operator, meter_id, port, is_open), UPDATE",
    ),
    Removal(
        "R51",
        "the house opens nothing by itself",
        "migrations/versions/0017_user_ports.py",
        "CHECK (because = 'customer' OR wanted = 'closed')",
        "CHECK (true)",
    ),
    Removal(
        "R52",
        "at installation the person is told",
        COMMANDS + "port_orders.py",
        "    if ports and living is not None:\n",
        "    if False:\n",
    ),
    Removal(
        "R52",
        "that opening is free",
        COMMANDS + "port_orders.py",
        "op elk moment gratis laten openen",
        "op elk moment laten openen",
    ),
    Removal(
        "R52", "so does the portal", TEMPLATES + "ports.html", "Openen en sluiten is gratis en kan", "Dat kan"
    ),
    Removal(
        "R53",
        "what was read is kept, as with a consent",
        COMMANDS + "user_ports.py",
        "        signers.keep_notice(turn.connection, notice, turn.now)\n",
        "",
    ),
    Removal(
        "R53",
        "by the customer, nobody else",
        COMMANDS + "user_ports.py",
        'occupancies.own(turn.connection, arguments["occupancy_id"], person_id), "access',
        'occupancies.by_id(turn.connection, arguments["occupancy_id"]), "access',
    ),
    Removal(
        "R53",
        "closing is as near as opening",
        TEMPLATES + "ports.html",
        '{{ parts.post_button(url_for("ports.close_port", **port.path), _("Ongedaan maken") if port.waiting',
        '{{ parts.post_button(url_for("ports.show"), _("Ongedaan maken") if port.waiting',
    ),
    Removal(
        "R54",
        "the grid operator hears of it at once",
        DOOR + "post/ports.py",
        "    if grid_operator_id is not None and Recipient.PARTY in kind.recipients:\n",
        "    if False:\n",
    ),
    Removal(
        "R54",
        "when it first had the order is measured",
        COMMANDS + "port_orders.py",
        "    if new and asker.kind is AskerKind.PARTY:\n",
        "    if False:\n",
    ),
    Removal(
        "R55",
        "24 hours",
        CLOCKS,
        'requirements = ["R55"]\nactor = "grid_operator"\nterm = { amount = 24,',
        'requirements = ["R55"]\nactor = "grid_operator"\nterm = { amount = 25,',
    ),
    Removal(
        "R55",
        "at the due moment it is on the breach list",
        "databeheer/clocks/engine.py",
        """_DUE = text(_RUNS + " AND due_at <= :now" + _OF)""",
        """_DUE = text(_RUNS + " AND due_at < :now" + _OF)""",
    ),
    Removal(
        "R56",
        "an open port is no need",
        DOOR + "facts/of_points.py",
        """    " UNION ALL SELECT 'notice', access_point_id""",
        """    " UNION ALL SELECT 'necessity', m.access_point_id, u.user_port_id, p.id, NULL, NULL, NULL, DATE '2020-01-01',"
    "  NULL, TIMESTAMPTZ '2020-01-01', NULL, 'grid_management', ARRAY['quarter_hour'] FROM registry.user_port u"
    "  JOIN registry.meter m USING (meter_id) CROSS JOIN unnest(CAST(%(parties)s AS uuid[])) AS p (id)"
    "  WHERE u.is_open AND m.access_point_id = ANY(%(points)s)"
    " UNION ALL SELECT 'notice', access_point_id""",
    ),
    Removal(
        "R57",
        "a move closes what is open",
        COMMANDS + "leaving.py",
        "    close_all(house, turn, occupancy, Because.MOVED_OUT)\n",
        "",
    ),
    Removal(
        "R57",
        "so does a death",
        COMMANDS + "people.py",
        "            close_all(house, turn, occupancy, Because.DIED)\n",
        "            pass\n",
    ),
    Removal(
        "R57",
        "an opening that waits is closed too",
        "databeheer/registry/user_ports.py",
        "    return bool(port.is_open if port.waiting_wanted is None else port.waiting_wanted == Wanted.OPEN)\n",
        "    return bool(port.is_open)\n",
    ),
    Removal(
        "R60",
        "finer than days only with a record",
        ACCESS + "by_law.py",
        "        finest = row.ceiling_without_necessity or row.ceiling\n",
        "        finest = row.ceiling\n",
    ),
    Removal(
        "R60",
        "of the days that the record names",
        ACCESS + "by_law.py",
        "        pairs_of(record.data_period),\n",
        "        ALL_TIME,\n",
    ),
    Removal(
        "R60",
        "the record says by which article",
        COMMANDS + "links.py",
        "            article=short_text(longest=100),\n            authorisation_id",
        "            article=short_text(required=False, longest=100, missing=''),\n            authorisation_id",
    ),
    Removal(
        "R63",
        "a value in another state stays",
        "databeheer/metering/day_series.py",
        "        if withheld.any():\n",
        "        if False:\n",
    ),
    Removal(
        "R63",
        "nor in a total",
        DOOR + "reads/opening.py",
        "    if any(state.has_value and state.value not in states for state, _ in total.states):\n",
        "    if False:\n",
    ),
    Removal(
        "R63",
        "no row can give what is not validated",
        ACCESS + "catalogue.py",
        """        if state == "NVAL":\n""",
        "        if False:\n",
    ),
    Removal(
        "R72",
        "only once accepted",
        ACCESS + "by_consent.py",
        "    return contract.accepted_at is not None and contract.accepted_at <= now",
        "    return True",
    ),
    Removal(
        "R72",
        "a supplier by contract alone",
        ACCESS + "by_law.py",
        "        if contract.party_id != case.wish.party_id:\n            continue\n",
        "",
    ),
    Removal(
        "R73",
        "its own period",
        ACCESS + "by_law.py",
        "        claim = pairs_of(contract.period) if Requirement.CONTRACT_PERIOD in row.requires else ALL_TIME\n        yield _of_stay(case, row, contract.id",
        "        claim = ALL_TIME\n        yield _of_stay(case, row, contract.id",
    ),
    Removal(
        "R73",
        "with who lived there then, and nobody later",
        ACCESS + "by_law.py",
        "        homes = tuple(home for home in homes if begins_in(period, home))\n",
        "        pass\n",
    ),
    Removal(
        "R74",
        "after the end its own period stays",
        ACCESS + "by_law.py",
        "        if contract.party_id != case.wish.party_id:\n",
        "        if contract.party_id != case.wish.party_id or contract.period.stop <= case.now:\n",
    ),
    Removal(
        "R75",
        "no customer of another",
        ACCESS + "by_law.py",
        "        if contract.party_id != case.wish.party_id:\n            continue\n",
        "",
    ),
    Removal(
        "R76",
        "nothing of the customer comes with the readings",
        COMMANDS + "market.py",
        '            "received_at": format_instant(row.received_at),\n',
        '            "received_at": format_instant(row.received_at),\n            "ean": "541448899990000039",\n',
    ),
    Removal(
        "R76",
        "not when somebody moved",
        COMMANDS + "readings.py",
        "for granted in joined(read.leaving)",
        "for granted in read.leaving",
    ),
    Removal(
        "R77",
        "a switch is not held against what is under way",
        COMMANDS + "market.py",
        '        named = ean_hash(house, arguments["ean"])\n        request_id',
        '        named = ean_hash(house, arguments["ean"])\n'
        "        from sqlalchemy import text as _text\n"
        '        if turn.connection.execute(_text("SELECT 1 FROM registry.market_process p JOIN registry.access_point a"\n'
        '            " USING (access_point_id) WHERE a.ean_hash = :n AND p.ended_at IS NULL"), {"n": named}).first():\n'
        '            raise MalformedRequestError("end of contract in progress")\n'
        "        request_id",
    ),
    Removal(
        "R77",
        "nor told why it did not go on",
        COMMANDS + "market.py",
        "reason=one_of(*REFUSALS)",
        "reason=one_of(*REFUSALS, *PROCESSES)",
    ),
    Removal(
        "R78",
        "a switch is accepted whatever is under way",
        COMMANDS + "market.py",
        "    until = occupancies.within_stay(stay, until)\n    ended",
        "    until = occupancies.within_stay(stay, until)\n"
        "    from sqlalchemy import text as _text\n"
        '    if turn.connection.execute(_text("SELECT 1 FROM registry.market_process WHERE access_point_id = :p AND"\n'
        '        " ended_at IS NULL"), {"p": point.access_point_id}).first():\n'
        '        raise MalformedRequestError("pending")\n'
        "    ended",
    ),
    Removal(
        "R80",
        "the desk does not hear whether a letter goes",
        COMMANDS + "paper.py",
        '    return {"case": arguments["case"]} | record.answer()',
        '    return {"case": arguments["case"]} | record.statement.said | record.answer()',
    ),
    Removal(
        "R80",
        "who lives elsewhere gets no letter",
        "databeheer/home_letters/letters.py",
        "    WHEN NOT EXISTS (SELECT FROM resident r WHERE r.occupancy_id = l.occupancy_id AND r.person_id",
        "    WHEN NOT EXISTS (SELECT FROM resident r WHERE r.person_id",
    ),
    Removal(
        "R97",
        "who moved out is logged out",
        COMMANDS + "leaving.py",
        "    lives.end_of_stay(turn.connection, [occupancy.person_id, *others], turn.now)\n",
        "",
    ),
    Removal(
        "R97",
        "the own look ends with the stay",
        ACCESS + "by_law.py",
        "            yield _of_home(case, row, home.id, home, pairs_of(home.period), problem)\n\n\ndef _concerned",
        "            yield _statutory(case, row, home.id, ALL_TIME, ReasonCode.NOT_OCCUPANT, problem=problem)\n\n\ndef _concerned",
    ),
    Removal(
        "R99",
        "an inspector doubts as an authority only",
        COMMANDS + "doubt.py",
        "if asker.kind is AskerKind.INSPECTOR and origin is not Origin.AUTHORITY:",
        "if False:",
    ),
    Removal(
        "R100",
        "a block stops what rests on consent",
        ACCESS + "by_consent.py",
        "        or _block_problem(case)\n",
        "",
    ),
    Removal(
        "R100",
        "with the signal the permissions are blocked",
        DOOR + "doubts/doubting.py",
        "    if event is Event.OPENED:\n        block(house, turn, row)\n",
        "",
    ),
    Removal(
        "R100",
        "who joins a doubt is in the journal of ends",
        DOOR + "doubts/doubting.py",
        "        turn.end(Ending.DOUBT_SIGNALLED, row.case_id)\n",
        "",
    ),
    Removal(
        "R101",
        "one working day to contact",
        CLOCKS,
        'requirements = ["R101"]\nactor = "data_manager"\nterm = { amount = 1,',
        'requirements = ["R101"]\nactor = "data_manager"\nterm = { amount = 2,',
    ),
    Removal(
        "R102",
        "72 hours of the clock",
        CLOCKS,
        'requirements = ["R102", "R104"]\nactor = "party"\nterm = { amount = 72,',
        'requirements = ["R102", "R104"]\nactor = "party"\nterm = { amount = 73,',
    ),
    Removal(
        "R103",
        "no gap after a good proof",
        DOUBT + "course.py",
        "if self.state not in (State.UNPROVEN, State.CONTACTED):",
        "if False:",
    ),
    Removal(
        "R104",
        "at the due moment it is too late",
        DOUBT + "course.py",
        "due is None or now < due:",
        "due is None or now <= due:",
    ),
    Removal(
        "R104",
        "a gap is given by no consent",
        ACCESS + "by_consent.py",
        "        *_gap_limit(case, permission),\n",
        "",
    ),
    Removal(
        "R103",
        "another one's doubt takes nothing from what was proven",
        ACCESS + "by_consent.py",
        " and permission.id not in gap.spares",
        "",
    ),
    Removal(
        "R104",
        "the proof of one permission is not another one's",
        DOOR + "doubts/doubting.py",
        "if row.permission_id == permission.permission_id), None)",
        "), None)",
    ),
    Removal(
        "R105",
        "who doubted by mistake ends the block",
        DOOR + "doubts/doubting.py",
        "        if not others:\n            _unblock_one(house, turn, permission_id)\n",
        "",
    ),
    Removal(
        "R106",
        "the copy is destroyed",
        "databeheer/documents.py",
        '" WHERE document_id = :id AND destroyed_at IS NULL RETURNING',
        '" WHERE false AND document_id = :id RETURNING',
    ),
    Removal(
        "R106",
        "its key goes though nothing else is erased",
        DOOR + "erasure/erasing.py",
        " and not left and not destroyed:",
        " and not left:",
    ),
    Removal(
        "R107",
        "without a proof the profile",
        DOUBT + "course.py",
        "return Allocation.PROFILE",
        "return Allocation.ZERO",
    ),
    Removal(
        "R108",
        "cases in which nothing was wrong do not count",
        DOUBT + "conduct.py",
        "\" AND state NOT IN ('lifted', 'retracted') GROUP BY",
        '" GROUP BY',
    ),
    Removal(
        "R108",
        "first improvement is asked, and judged",
        DOUBT + "conduct.py",
        'if newest is None or newest.outcome != "insufficient":',
        "if False:",
    ),
    Removal("R109", "at any time", DOUBT + "conduct.py", 'if reason == "no_improvement":', "if True:"),
    Removal(
        "R110",
        "a party's report has its working day",
        DOUBT + "cases.py",
        "is_late = signal.origin is Origin.PARTY and duties.reported_late(connection, row, signal, now)",
        "is_late = False",
    ),
    Removal(
        "R111",
        "without a contact no request",
        COMMANDS + "permissions.py",
        "        conduct.require_contact(turn.connection, asker.party_id)\n",
        "",
    ),
    Removal(
        "R112",
        "a closed case waits for a word on the breach",
        DOUBT + "figures.py",
        "AND breach IS NULL AND state <> 'retracted'",
        "AND false",
    ),
    Removal(
        "R113",
        "how long unlawful reading could last",
        DOUBT + "figures.py",
        "max(opened_at - known_at) AS slowest",
        "max(opened_at - opened_at) AS slowest",
    ),
    Removal(
        "R114",
        "no DPIA, no data",
        ACCESS + "conditions.py",
        "            return True\n    return False\n",
        "            return True\n    return not party.assessments\n",
    ),
    Removal(
        "R115",
        "two years",
        ACCESS + "catalogue.toml",
        "dpia_years = 2\n",
        "dpia_years = 3\n",
    ),
    Removal(
        "R115",
        "an old one is none",
        ACCESS + "conditions.py",
        "            and now < years_after(assessment.assessed_at, catalogue.dpia_years)\n",
        "",
    ),
    Removal(
        "R115", "announced before", COMMANDS + "timekeeping.py", "COMING_DAYS = 7\n", "COMING_DAYS = 0\n"
    ),
    Removal(
        "R116",
        "a trigger overtakes what is on file",
        ACCESS + "conditions.py",
        "            not is_stale\n            and assessment",
        "            assessment",
    ),
    Removal(
        "R116",
        "and what is filed later of before it",
        DOOR + "facts/of_parties.py",
        "min((at for at in triggers if at > assessed_at), default=None)",
        "None",
    ),
    Removal(
        "R116",
        "there are four",
        COMMANDS + "conditions.py",
        "trigger=one_of(*(trigger.value for trigger in StaleTrigger))",
        "trigger=one_of(*(trigger.value for trigger in list(StaleTrigger)[:3]))",
    ),
    Removal(
        "R61",
        "nothing informative is validated",
        VALIDATION + "validating.py",
        "        (block.grades == GRADE_CODES[Grade.BILLING])\n        & (case",
        "        (case",
    ),
    Removal(
        "R61",
        "nor at a glance",
        VALIDATION + "at_a_glance.py",
        "    agrees = (glance.differences.used != UNKNOWN) & (block.grades == GRADE_CODES[Grade.BILLING])\n",
        "    agrees = glance.differences.used != UNKNOWN\n",
    ),
    Removal(
        "R61",
        "nothing informative is rectified",
        VALIDATION + "grades.py",
        "    if grade is not Grade.BILLING:\n",
        "    if False:\n",
    ),
    Removal(
        "R61",
        "nothing informative takes the place of what is billing-grade",
        COMMANDS + "batches.py",
        "            if is_informative and not row.is_informative:\n",
        "            if False:\n",
    ),
    Removal(
        "R61",
        "nor at once with it",
        COMMANDS + "intake.py",
        """    if among["since"] and turn.connection.execute(_CLASH_OF_CLASS, among).first():\n""",
        "    if False:\n",
    ),
    Removal(
        "R61",
        "what is billing-grade takes the place of what is informative",
        COMMANDS + "batches.py",
        " or (row.is_informative and not is_informative):\n",
        ":\n",
    ),
    Removal(
        "R61",
        "no bill rests on what is informative",
        DOOR + "reads/opening.py",
        "        if not (one.stretch.for_bills and row.is_informative):\n",
        "        if True:\n",
    ),
    Removal(
        "R61",
        "the method is published",
        "web/public/validation.py",
        '@blueprint.get("/meetwaarden")\n',
        "",
    ),
    Removal(
        "R62",
        "an estimate says that it is one",
        VALIDATION + "validating.py",
        "    states = np.where(given, np.uint8(EST), as_read)\n",
        "    states = as_read\n",
    ),
    Removal(
        "R62",
        "what agrees with its register is validated",
        VALIDATION + "validating.py",
        "    return np.where(validated, np.uint8(VAL), states)\n",
        "    return states\n",
    ),
    *(
        Removal("R67", rule, (RULES_OF + file).replace("rules/../", ""), old, new)
        for rule, file, old, new in (
            ("nothing below zero", "alone.py", "case.block.values < 0", "case.block.values < -(10**18)"),
            (
                "nothing beyond the connection",
                "alone.py",
                "case.block.values > case.limits[:, None]",
                "case.block.values > 10**18",
            ),
            (
                "a register rolls over",
                "../registers.py",
                "    rolls = modulus != UNKNOWN\n",
                "    rolls = modulus > 10**18\n",
            ),
            (
                "two meters count together",
                "../registers.py",
                "first + np.where(changed & known, second, 0)",
                "first",
            ),
            (
                "a spike that the register does not know gives way",
                "register.py",
                "    wrong = known & (above |",
                "    wrong = known & (below & above |",
            ),
        )
    ),
    Removal(
        "R67",
        "estimates share what the register leaves, to the last unit",
        VALIDATION + "apportioning.py",
        " + extra, axis=1)",
        ", axis=1)",
    ),
    Removal(
        "R67",
        "what was measured is kept",
        VALIDATION + "rectifying.py",
        "        values=np.where(slots, values, block.values),\n",
        "        values=values,\n",
    ),
    Removal(
        "R67",
        "what was measured stands behind the values",
        "databeheer/metering/batches/sealing_chunks.py",
        "    if not judged.originals:\n",
        "    if True:\n",
    ),
    Removal(
        "R67",
        "which rule it broke",
        "databeheer/metering/validation/validating.py",
        "        rules=judgement.main_reasons,\n",
        "        rules=main,\n",
    ),
    Removal(
        "R67",
        "what nothing could take the place of is kept too",
        "databeheer/metering/validation/validating.py",
        "        originals=(given | unkept) & measured,\n",
        "        originals=given & measured,\n",
    ),
    Removal(
        "R67",
        "it moves with its day",
        "databeheer/door/moves/new_roots.py",
        "with_originals(pack(unpack(padded)), originals_of(padded))",
        "pack(unpack(padded))",
    ),
    *(
        Removal("R68", rule, (RULES_OF + file).replace("rules/../", ""), old, new)
        for rule, file, old, new in (
            (
                "spikes",
                "own_past.py",
                "(case.block.values > bounds[:, None])",
                "(case.block.values > 10**18)",
            ),
            ("runs of zeros", "own_past.py", "    found[row, slot] = True\n", ""),
            (
                "history",
                "own_past.py",
                "Finding(judged & (above | below), judged)",
                "Finding(judged & False, judged)",
            ),
            (
                "estimates are no history",
                "../history.py",
                "        return is_measured(self.states[rows])\n",
                "        return self.states[rows] > 0\n",
            ),
            (
                "climate",
                "surroundings.py",
                "np.abs(case.used - usual) > allowed",
                "np.abs(case.used - usual) > 1e18",
            ),
            ("statistics", "surroundings.py", "case.used * 100 >", "case.used * 0 >"),
        )
    ),
    Removal(
        "R58",
        "registers of every digital meter",
        PLAN + "wanted.py",
        "    for direction in DIRECTIONS[meter.commodity]:\n",
        "    for direction in DIRECTIONS[meter.commodity] if meter.asked else ():\n",
    ),
    Removal(
        "R58",
        "per tariff period",
        PLAN + "completeness.py",
        "    if wanted.kind is Kind.REGISTERS and not _are_apart(wanted, stored, day):\n",
        "    if False:\n",
    ),
    Removal(
        "R58",
        "what is missing shows",
        PLAN + "completeness.py",
        "        return Finding.MISSING\n    if wanted.kind",
        "        return Finding.RECEIVED\n    if wanted.kind",
    ),
    Removal(
        "R58",
        "what is missing is read again",
        "databeheer/door/reading_plan/commands.py",
        "                lacking += _lacking(",
        "                _lacking(",
    ),
    Removal(
        "R59",
        "no intervals where nobody asked",
        DOOR + "keys/write_keys.py",
        "    keys.problems[(keys.problems == 0) & without] = RowProblem.INTERVALS_NOT_READ\n",
        "",
    ),
    Removal(
        "R59",
        "from the day that the grid user chose",
        "databeheer/registry/interval_choices.py",
        '    " AND c.from_day <= :day ORDER BY',
        '    " ORDER BY',
    ),
    Removal(
        "R60",
        "a need that is valid",
        "databeheer/registry/interval_choices.py",
        " AND n.valid_until > :now",
        "",
    ),
    Removal(
        "R60",
        "of the days that it names",
        "databeheer/registry/interval_choices.py",
        "n.data_from <= :day AND n.data_until > :day",
        "n.data_from <= :day",
    ),
    Removal(
        "R64",
        "the reading of the day before serves too",
        "databeheer/metering/midnights.py",
        "    for other, is_begin in ((day, True), (day - _DAY, False)):\n",
        "    for other, is_begin in ((day, True),):\n",
    ),
    Removal(
        "R64",
        "real time between readings",
        "databeheer/metering/midnights.py",
        "    first, last = midnight(before[0]), midnight(after[0])\n    passed, whole = midnight(day) - first, last - first\n",
        "    passed, whole = day - before[0], after[0] - before[0]\n",
    ),
    Removal(
        "R64",
        "midnight is local",
        "databeheer/door/reads/registers.py",
        '        "at": format_instant(midnight(one.day)),\n',
        '        "at": one.day.isoformat() + "T00:00:00Z",\n',
    ),
    Removal(
        "R65",
        "the weekend is low",
        PLAN + "tariff_periods.py",
        "local.weekday() < FIRST_DAY_OF_WEEKEND and ",
        "",
    ),
    Removal(
        "R66",
        "a task is named",
        "databeheer/door/supply_quality/commands.py",
        '        "task": one_of(*(task.value for task in SupplyTask)),\n',
        '        "task": short_text(),\n',
    ),
    Removal(
        "R66",
        "the record says for which task",
        "databeheer/door/reads/statements.py",
        '    asked |= {"task": request.task} if request.task else {}\n',
        "",
    ),
    Removal(
        "R66",
        "on a ground of its own",
        "databeheer/door/reads/judging.py",
        "        category=request.category,\n",
        '        category="readings",\n',
    ),
    Removal(
        "R66",
        "of the own grid",
        "databeheer/access/by_law.py",
        "    if party_id is None or party_id != operator_id:\n",
        "    if party_id is None:\n",
    ),
    Removal(
        "R69",
        "what lacks is waited for",
        "databeheer/door/deliveries/commands.py",
        "    if lacking and day_of(turn.now) < row.until_day + LONGEST_WAIT:\n",
        "    if False:\n",
    ),
    Removal(
        "R69",
        "the supplier is told",
        "databeheer/door/deliveries/commands.py",
        "        to=[outbox.party(row.party_id)],\n",
        "        to=[],\n",
    ),
    Removal(
        "R70",
        "three years of who stays",
        "databeheer/oversight/retention.py",
        "FULL_YEARS = 3\n",
        "FULL_YEARS = 1\n",
    ),
    Removal(
        "R70",
        "weeks begin on Monday",
        "databeheer/metering/aggregate.py",
        "        return day - timedelta(days=day.weekday())\n",
        "        return day\n",
    ),
    Removal(
        "R71",
        "its customer is told of the end",
        "databeheer/door/deliveries/commands.py",
        "            subjects=subjects_of(house, stay),\n",
        "            subjects=(),\n",
    ),
    Removal(
        "R173",
        "whose it is, is looked at",
        "databeheer/metering/batches/transport.py",
        "        self._check_signature(manifest)\n",
        "",
    ),
    Removal(
        "R173",
        "a batch has its name in its seal",
        "databeheer/metering/batches/transport.py",
        '    return f"{sender}\\n{batch}".encode()\n',
        '    return b""\n',
    ),
    Removal(
        "R131",
        "one person under a second account does not confirm a list",
        "databeheer/joins/confirmation.py",
        "    if len({as_one_person(signer.person) for signer in confirmed}) < SIGNERS:\n",
        "    if len({signer.key for signer in confirmed}) < SIGNERS:\n",
    ),
    Removal(
        "R15",
        "a file of an evidence bundle is as the door signed for it",
        "ledger/evidence_bundle.py",
        "        if not hmac.compare_digest(sha256(files[name]).hexdigest(), expected):\n",
        "        if False:\n",
    ),
    Removal(
        "R15",
        "what is opened belongs to its entry",
        "ledger/opened.py",
        "    if not hmac.compare_digest(commit(shared.half, [one.half for one in leaves]), commitment):\n",
        "    if False:\n",
    ),
    Removal(
        "R130",
        "for no other purpose than the list says",
        "databeheer/joins/gate.py",
        "    if wish.purpose != case.purpose:\n",
        "    if False:\n",
    ),
    Removal(
        "R130",
        "nothing without the regulator's signature",
        "databeheer/joins/signature.py",
        "    if not hmac.compare_digest(signed.text.encode(), note_text(joins).encode()):\n",
        "    if False:\n",
    ),
    Removal(
        "R131",
        "an older list never comes back",
        DOOR + "joins/lists.py",
        "    if newest is not None and joins.version <= newest.version:\n",
        "    if newest is not None and joins.version == newest.version:\n",
    ),
    Removal(
        "R132",
        "who is not named in the case",
        "databeheer/joins/gate.py",
        "    if wish.role not in case.roles:\n",
        "    if False:\n",
    ),
    Removal(
        "R132",
        "nobody agrees to what he asked himself",
        DOOR + "joins/intents.py",
        '    if by == row.asked_by:\n        raise ConflictError("somebody else',
        '    if False:\n        raise ConflictError("somebody else',
    ),
    Removal(
        "R130",
        "one person alone declares nothing necessary",
        "databeheer/joins/necessity.py",
        "    if len({as_one_person(signer.person) for signer in signed}) < SIGNERS:\n",
        "    if not signed:\n",
    ),
    Removal(
        "R130",
        "a record gives nothing once it was ended",
        DOOR + "joins/necessity.py",
        "    if row.ended_at is not None:\n",
        "    if False:\n",
    ),
    Removal(
        "R130",
        "what was agreed to is this wish and no other",
        DOOR + "joins/intents.py",
        "    words = (asked_by, asked.case_id, asked.purpose, asked.requester_note, *period, *eans)\n",
        "    words = (asked_by, asked.case_id, asked.purpose)\n",
    ),
    Removal(
        "R133",
        "rows stand in no order that tells",
        "databeheer/joins/release.py",
        "        for key, found in sorted(sums.items())\n    ]\n\n\ndef aggregate_cells",
        "        for key, found in sums.items()\n    ]\n\n\ndef aggregate_cells",
    ),
    Removal(
        "R136",
        "a meter of another grid operator is none here",
        DOOR + "keys/write_keys.py",
        " WHERE number_hash = ANY(:hashes) AND operator = :operator",
        " WHERE number_hash = ANY(:hashes)",
    ),
    Removal(
        "R136",
        "nor is what it reads stored here",
        DOOR + "keys/write_keys.py",
        " AND m.operator = :operator",
        "",
    ),
    Removal(
        "R137",
        "nothing goes before its term",
        COMMANDS + "retention.py",
        " if month_goes_on(month) <= today]",
        "]",
    ),
    Removal(
        "R190",
        "one line: who handed over records no more",
        COMMANDS + "handover.py",
        "        turn.afterwards(handover.close_log)\n",
        "",
    ),
    Removal(
        "R134",
        "the stand-in is believed in the demo alone",
        "databeheer/door/main.py",
        'if (issuer == DEMO_ISSUER) != (environment.get("DATABEHEER_DEMO") == "1"):',
        "if False:",
    ),
    Removal(
        "R134",
        "mock mandates are made in a sandbox alone",
        "databeheer/door/commands/sandbox.py",
        "if not is_sandbox(house.origin):",
        "if False:",
    ),
    Removal(
        "R134",
        "a sandbox plays its own invented customers alone",
        "databeheer/door/commands/sandbox.py",
        "if SandboxCode.of(point.digits) is None or home is None:",
        "if home is None:",
    ),
    Removal(
        "R177",
        "m3 of water is no m3 of gas",
        "databeheer/metering/fold.py",
        "            if one.unit is Unit.M3 and not has_conversion_column:\n",
        "            if False:\n",
    ),
    Removal(
        "R177",
        "the database too",
        "migrations/versions/0043_two_commodities.py",
        "CHECK (commodity IN ('electricity', 'gas'))",
        "CHECK (commodity <> '')",
    ),
    Removal(
        "R135",
        "the plan names devices",
        "databeheer/door/reading_plan/commands.py",
        '                "directions": [each.direction.value for each in registers],\n',
        '                "directions": [each.direction.value for each in registers],\n'
        '                "stay": str(one.occupancy_id),\n',
    ),
    Removal(
        "R176",
        "no credit of whom no duty is",
        CREDIT + "commands.py",
        "    stays = [one for one in rows if functions.is_active(house, turn.connection, one.occupancy_id, day)]\n",
        "    stays = list(rows)\n",
    ),
    Removal(
        "R178",
        "budget meters are counted",
        "databeheer/door/reading_plan/commands.py",
        "pages_of_day(connection, operator, day, now, with_budget)",
        "pages_of_day(connection, operator, day, now, frozenset())",
    ),
    Removal(
        "R179",
        "once a day",
        CREDIT + "commands.py",
        "    if row.advised_index is not None or (row.told_index is not None and not is_low):\n",
        "    if row.advised_index is not None:\n",
    ),
    Removal(
        "R179",
        "every day",
        CREDIT + "commands.py",
        "    return [one for one in stays if functions.credit_day(house, turn.connection, one, day).told_index is None]\n",
        "    return []\n",
    ),
    Removal(
        "R180",
        "the advice comes at once",
        CREDIT + "commands.py",
        "(row.told_index is not None and not is_low)",
        "row.told_index is not None",
    ),
    Removal(
        "R180",
        "one more day of an average customer",
        "databeheer/metering/credit/telling.py",
        "state.credit <= average.of(commodity, day)",
        "state.credit <= 0",
    ),
    Removal(
        "R181",
        "all is said, or it is refused",
        CREDIT + "commands.py",
        "    state.require_whole(Commodity(stay.commodity))\n",
        "",
    ),
    Removal(
        "R181",
        "emergency credit and 10 amperes in the words",
        "databeheer/post/catalogue.toml",
        'customer.nl_more = "{credit}. {emergency} {limiter} {advice}"',
        'customer.nl_more = "{credit}. {advice}"',
    ),
    Removal(
        "R183",
        "names that stand in clear say nothing",
        "databeheer/metering/credit/telling.py",
        'TOP_UP = "meter.today"',
        'TOP_UP = "budget.top_up"',
    ),
    Removal(
        "R183",
        "whose it is, is sealed",
        CREDIT + "functions.py",
        '    sealed = seal(_key(house), plain.ljust(_LENGTH), b"credit/v1|function|" + handle)\n',
        "    sealed = plain.ljust(_LENGTH)\n",
    ),
    Removal(
        "R11",
        "enough households",
        STATISTICS + "rules.py",
        "if cell.households < self.min_households:",
        "if False:",
    ),
    Removal(
        "R11",
        "nobody dominates",
        STATISTICS + "rules.py",
        "if not cell.total or cell.first * 100 > cell.total * self.max_share_percent:",
        "if not cell.total:",
    ),
    Removal(
        "R11",
        "a sum is told as a stretch",
        STATISTICS + "windows.py",
        "    low = total // width * width\n",
        "    low, width = total, 1\n",
    ),
    Removal(
        "R11",
        "what is hidden is put together with others",
        STATISTICS + "suppression.py",
        "while hidden and rules.objection(together(tallies[name] for name in hidden)) is not None:",
        "while False:",
    ),
    Removal(
        "R11",
        "a total is a sum of what is shown",
        STATISTICS + "suppression.py",
        "if left_over and rules.objection(rest) is None:",
        "if left_over:",
    ),
    Removal(
        "R11",
        "a month is told once",
        RUNS + "running.py",
        "if releases.is_told(turn.connection, asked.operator, asked.commodity, asked.month):",
        "if False:",
    ),
    Removal(
        "R11",
        "a restored house knows what was told",
        RUNS + "telling.py",
        "    turn.end(Ending.MONTH_TOLD, month_name(asked.operator, asked.commodity), asked.month)\n",
        "",
    ),
    Removal(
        "R11",
        "a customer counts once",
        RUNS + "running.py",
        "household = UUID(person) if person else part.point.access_point_id\n        run.add",
        "household = part.point.access_point_id\n        run.add",
    ),
    Removal(
        "R11",
        "a customer of several towns counts once where they are put together",
        STATISTICS + "hours.py",
        "if len(cells) > 1:",
        "if False:",
    ),
    Removal(
        "R11",
        "a sum of the join gate is told as a stretch",
        "databeheer/joins/release.py",
        "value=(told.low + told.high) // 2)",
        "value=customers.total)",
    ),
    Removal(
        "R11",
        "research gets no pseudonyms",
        RUNS + "commands.py",
        'if arguments["output"] != ANONYMOUS:',
        "if False:",
    ),
    Removal(
        "R11",
        "no row without a report",
        RUNS + "commands.py",
        "    return row, None if row is not None else JoinReason.NO_REPORT\n",
        "    return row or releases.latest(turn.connection)[0], None\n",
    ),
    Removal(
        "R11",
        "what research gets is what the report is about",
        RUNS + "commands.py",
        """if f'"sha256":"{table_sha256}"' not in row.report:""",
        "if False:",
    ),
    Removal(
        "R11",
        "no list gives pseudonymised rows to research",
        "databeheer/joins/lists.py",
        "if case.purpose in _ANONYMOUS and case.shape is Shape.POINTS:",
        "if False:",
    ),
    Removal(
        "R197",
        "injection is read by itself",
        PLAN + "wanted.py",
        "Commodity.ELECTRICITY: tuple(Direction)",
        "Commodity.ELECTRICITY: (Direction.OFFTAKE,)",
    ),
    Removal(
        "R9",
        "each party has its own share of the one queue",
        "web/limits.py",
        '("party", known.party_id)',
        '("party", "")',
    ),
    Removal(
        "R45",
        "what goes out comes in again",
        "databeheer/metering/export_csv.py",
        '"" if slot.value is None else f"{slot.value // 1000},{slot.value % 1000:03d}",',
        '"" if slot.value is None else f"{slot.value // 1000},{slot.value % 1000}",',
    ),
    Removal(
        "R45",
        "the columnar file is exact",
        "databeheer/metering/export_parquet.py",
        "Decimal(slot.value).scaleb(-3)",
        "Decimal(slot.value // 1000)",
    ),
    Removal(
        "R46",
        "each refused stretch has its reason",
        DOOR + "reads/statements.py",
        "return [[*span_of(one.interval), one.reason.value] for one in refused]",
        'return [[*span_of(one.interval), "no_legal_basis"] for one in refused]',
    ),
    Removal(
        "R46",
        "a refusal says what to do",
        "web/problems.py",
        '        members["remedy"] = self.type.remedy\n',
        "",
    ),
    Removal(
        "R48",
        "production plays nobody",
        COMMANDS + "sandbox.py",
        "        if not is_sandbox(house.origin):\n",
        "        if False:\n",
    ),
    Removal(
        "R48",
        "in the sandbox only who was invented",
        COMMANDS + "sandbox.py",
        "if SandboxCode.of(point.digits) is None or home is None:",
        "if home is None:",
    ),
    Removal(
        "R81",
        "the answer to this log-in and no other",
        SIGNING_IN + "provider.py",
        '            or claims.get("nonce") != nonce\n',
        "",
    ),
    Removal(
        "R81",
        "an answer for us",
        SIGNING_IN + "provider.py",
        '            or claims.get("aud") != self.audience\n',
        "",
    ),
    Removal(
        "R81",
        "an answer serves once",
        SIGNING_IN + "sessions.py",
        "WHERE nonce_hash = :hash AND used_at IS NULL",
        "WHERE nonce_hash = :hash",
    ),
    Removal(
        "R81",
        "an answer that began in this browser",
        "web/portal/login.py",
        '    if not hmac.compare_digest(str(begun["state"]).encode(), query["state"].encode()):\n',
        "    if False:\n",
    ),
    Removal(
        "R81",
        "what the desk ended today is not given back today",
        SIGNING_IN + "representations.py",
        "    if ended_at is not None and day_of(ended_at) >= day_of(now):\n",
        "    if False:\n",
    ),
    Removal(
        "R81",
        "who acts for an enterprise has nothing of his own in reach",
        DOOR + "proofs.py",
        "    if for_enterprise and not or_enterprise:\n",
        "    if False:\n",
    ),
    Removal(
        "R81",
        "many at once are a business's",
        DOOR + "businesses/many.py",
        "    if not asker.for_enterprise:\n",
        "    if False:\n",
    ),
    Removal(
        "R81",
        "given for all of its points, or for none",
        DOOR + "businesses/many.py",
        """            with placed("occupancy_ids", place):
                occupancy, capacity = place_of(turn, occupancy_id, asker)
""",
        """            try:
                occupancy, capacity = place_of(turn, occupancy_id, asker)
            except NotFoundError:
                continue
""",
    ),
    Removal(
        "R81",
        "an address for a business goes with who gave it",
        COMMANDS + "people.py",
        "        if power.kind == representations.ENTERPRISE:\n",
        "        if False:\n",
    ),
    Removal(
        "R81",
        "why, of the stays that a power of attorney reaches",
        COMMANDS + "statements.py",
        "    reached = [row.occupancy_id for row in rows if asker.reaches(row.occupancy_id)]\n",
        "    reached = [row.occupancy_id for row in rows]\n",
    ),
    Removal(
        "R91",
        "the meter number beside the EAN code",
        LINKING + "attempting.py",
        "        if stay is not None and stay.has_meter and stay.is_free and is_named and not is_locked:\n",
        "        if stay is not None and stay.is_free and is_named and not is_locked:\n",
    ),
    Removal(
        "R91",
        "who is registered there by name",
        LINKING + "attempting.py",
        "        if stay is not None and stay.has_meter and stay.is_free and is_named and not is_locked:\n",
        "        if stay is not None and stay.has_meter and stay.is_free and not is_locked:\n",
    ),
    Removal(
        "R91",
        "a stay that is somebody's already",
        LINKING + "attempting.py",
        "        if stay is not None and stay.has_meter and stay.is_free and is_named and not is_locked:\n",
        "        if stay is not None and stay.has_meter and is_named and not is_locked:\n",
    ),
    Removal(
        "R92",
        "locked also for what is right",
        LINKING + "attempting.py",
        "        if stay is not None and stay.has_meter and stay.is_free and is_named and not is_locked:\n",
        "        if stay is not None and stay.has_meter and stay.is_free and is_named:\n",
    ),
    Removal(
        "R92",
        "an attempt counts against the EAN code",
        LINKING + "attempting.py",
        "            attempts.count(turn.connection, tried, turn.now)\n",
        "            attempts.count(turn.connection, tried[1:], turn.now)\n",
    ),
    Removal(
        "R92",
        "an attempt counts against the log-in",
        LINKING + "attempting.py",
        "            attempts.count(turn.connection, tried, turn.now)\n",
        "            attempts.count(turn.connection, tried[:1], turn.now)\n",
    ),
    Removal(
        "R92",
        "five wrong codes end a letter",
        LINKING + "unlocking.py",
        "            letters.count_wrong(turn.connection, own)\n",
        "            pass\n",
    ),
    Removal(
        "R93",
        "few requests a minute",
        "web/limits.py",
        "        return LINK\n",
        "        return PERSON\n",
    ),
    Removal(
        "R94",
        "counted by keyed hashes",
        LINKING + "identifiers.py",
        '    return derive(house.registry_key("link"), "ean", ean.digits.encode())\n',
        '    return __import__("hashlib").sha256(ean.digits.encode()).digest()\n',
    ),
    Removal(
        "R82",
        "who moved out is told nothing at the desk",
        "databeheer/door/contacts/at_desk.py",
        "        if holder is None or holder != stay.person_id:",
        "        if False:",
    ),
    Removal(
        "R83",
        "the check of the meter number",
        "databeheer/door/contacts/identifying.py",
        "    fits = next(((row, known_as) for row, known_as in known if known_as is not None), None)\n",
        "    fits = next(((row, (None,)) for row in rows), None)\n",
    ),
    Removal(
        "R84",
        "no EAN code on a screen of a contact",
        "databeheer/door/staff/lookups.py",
        "    if case.kind == CASE_KIND:\n        return False\n",
        "    if case.kind == CASE_KIND:\n        return True\n",
    ),
    Removal(
        "R85",
        "two EAN codes a contact",
        "databeheer/door/contacts/codes.py",
        "    if own and desk.contact.eans_told + len(in_writing) + len(own) > MOST_EANS:",
        "    if False:",
    ),
    Removal(
        "R86",
        "the log of a contact",
        "databeheer/door/contacts/at_desk.py",
        "        self.doer.note(turn, index, event, self.case.case_id)",
        "        pass",
    ),
    Removal(
        "R87",
        "a recording is over by the clock",
        "databeheer/contacts/recordings.py",
        "    return row.reference_sealed is None or bool(row.keep_until <= now)",
        "    return row.reference_sealed is None",
    ),
    Removal(
        "R88",
        "who had the call does not listen to it",
        "databeheer/door/contacts/recordings.py",
        "        if had is None or bytes(had.employee_hash) == doer.employee:",
        "        if False:",
    ),
    Removal(
        "R89",
        "no data for a landlord",
        "databeheer/door/contacts/identifying.py",
        "    if Caller(desk.contact.caller) not in KNOWN_HERE:",
        "    if False:",
    ),
    Removal(
        "R95",
        "the switch",
        SIGNING_IN + "linking/opening.py",
        "    if not is_open(connection):\n        raise",
        "    if False:\n        raise",
    ),
    Removal(
        "R98",
        "no answer depends on what is there",
        LINKING + "attempting.py",
        "    left = max(0, attempts.MOST_WRONG - wrong)\n",
        "    left = max(0, attempts.MOST_WRONG - wrong) if stay is not None else 0\n",
    ),
    Removal(
        "R137",
        "a complaint is forgotten in time",
        COMMANDS + "complaints.py",
        "    complaints.forget(turn.connection, complaint_id)\n",
        "",
    ),
    Removal(
        "R155",
        "a request is read in a role for it",
        DOOR + "rights/desk.py",
        "        require_role(asker, *READERS)\n        row = found",
        "        row = found",
    ),
    Removal(
        "R155",
        "a look takes a case of one's own",
        "databeheer/staff/cases.py",
        "    return is_open(case, now) and (case.assigned_to == account_id or case.team == team)",
        "    return is_open(case, now)",
    ),
    Removal(
        "R156",
        "somebody else than who wrote it decides on a record",
        "databeheer/door/governance/commands.py",
        "        if by.is_same(version.by):",
        "        if False:",
    ),
    Removal(
        "R158",
        "a leaver is cut off",
        "databeheer/door/staff/hr.py",
        '            end_account(turn, account, "left", doer.record, {"on": leaver.on.isoformat()})',
        "            pass",
    ),
    Removal(
        "R153",
        "no program without a certificate",
        "web/client_certificate.py",
        "    if settings.certificate_header is not None and settings.certificate_header.is_required:",
        "    if False:",
    ),
    Removal(
        "R153",
        "the proxy's key beside the certificate",
        "web/client_certificate.py",
        "if given and _is_proxy(environ, key, self._setting):",
        "if given:",
    ),
)
"""Each rule, and what takes it out. A removal leaves code that runs: only what it forbade is now allowed."""

ELSEWHERE: dict[str, str] = {}
"""Requirements of access that have no test yet, and where they will be shown."""


def copy_of_sources(place: Path) -> Path:
    """Copy what tests need to a folder of its own."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=_NOT_COPIED)
        else:
            shutil.copy(source, place / name)
    return place


def noticed(removal: Removal, tests: Iterable[str], place: Path) -> str:
    """Remove a rule in the copy at `place` and ask the tests; returns the first that fails by it, "" where none does.

    Raises:
        RuntimeError: a test fails with the rule in its place as well, so it shows nothing.
    """
    tests = list(tests)
    kept = (place / removal.file).read_text(encoding="utf-8")
    removal.apply(place)
    try:
        failed = _first_failure(removal, tests, place)
    finally:
        (place / removal.file).write_text(kept, encoding="utf-8")
    if failed and _first_failure(removal, [failed], place):
        raise RuntimeError(f"{removal.requirement}: {failed} fails though nothing is removed")
    return failed


def _first_failure(removal: Removal, tests: list[str], place: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    found = _FAILED.search(run.stdout)
    if run.returncode == 1 and found is not None:
        return found[1]
    if run.returncode != 0:
        said = run.stdout[-3000:] + run.stderr[-2000:]
        raise RuntimeError(f"{removal.requirement}, {removal.rule}: pytest did not run\n{said}")
    return ""


@cache
def _marks(tests_folder: Path) -> dict[str, set[str]]:
    """Every mark below a folder of tests: reading them all takes seconds."""
    return find_marks(tests_folder)


def marked(requirement: str, tests_folder: Path = TESTS) -> list[str]:
    """The tests that show a requirement, the quick ones first."""
    marks = _marks(tests_folder).get(requirement, ())
    tests = [test for test in marks if not any(slow in test for slow in TOO_SLOW)]
    return sorted(tests, key=lambda test: ("/web/" in test, "/door/" in test, test))


def run_all(wanted: Iterable[str] = ()) -> Iterator[tuple[Removal, str]]:
    """Remove each rule (of these requirements) in turn; yields it with the test that noticed, "" where none did."""
    only = set(wanted)
    with tempfile.TemporaryDirectory(prefix="databeheer-removals-") as folder:
        place = copy_of_sources(Path(folder))
        for removal in REMOVALS:
            if not only or removal.requirement in only:
                yield removal, noticed(removal, marked(removal.requirement, place / "tests"), place)


def main(arguments: list[str]) -> int:
    """Print who noticed each removal; exit status 1 where nobody did."""
    from tests.databases import running

    unnoticed = 0
    with running() as databases:
        os.environ[SERVER_VARIABLE] = databases.superuser_url
        for removal, test in run_all(arguments):
            unnoticed += not test
            print(f"{removal.requirement:4} {removal.rule}: {test or 'NOBODY NOTICED'}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
