"""Who may do what to which table: the whole matrix, held against the database. A new table needs a row here."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy.engine import make_url

from databeheer.storage import provision
from tests.databases import SERVER_VARIABLE, Database, Databases

OTHERS = [role for role in provision.ROLES if role != "owner"]
READ, ADD = "SELECT", "INSERT"
LOOK_AND_ADD = {READ, ADD}


def of(*columns: str, what: str = "UPDATE") -> set[str]:
    return {f"{what}({column})" for column in columns}


ATTEMPT = ("state", "attempts", "next_at", "ended_at", "last_error")
"""What changes of a delivery when somebody tries it."""

# Each table, and what each role may do to it; a role that is not named may do nothing. `UPDATE(x)`: that column.
MATRIX: dict[str, dict[str, set[str]]] = {
    "public.alembic_version": {},
    "registry.operator": {"door": LOOK_AND_ADD, "web": {READ}, "auditor": {READ}},
    "registry.party": {
        "door": LOOK_AND_ADD
        | of("suspended_at", "enterprise", "awaits_approval", "contact_people", "contact_authority"),
        "web": {READ},
        "auditor": {READ},
    },
    "registry.dossier": {"door": LOOK_AND_ADD | of("draft_sealed", "lacks", "changed_at")},
    "registry.handed_in": {
        "door": LOOK_AND_ADD | of("content_sealed", "outcome", "outcome_at", "outcome_index", "reason_sealed")
    },
    "registry.contract": {"door": LOOK_AND_ADD | of("valid_until"), "auditor": {READ}},
    "registry.suspension": {"door": LOOK_AND_ADD | of("lifted_at"), "auditor": {READ}},
    "registry.dpia": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "registry.dpia_trigger": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "registry.processing_overview": {
        "door": LOOK_AND_ADD | of("checked_at", "unreachable_from"),
        "web": {READ},
        "auditor": {READ},
    },
    "registry.processor_agreement": {"door": LOOK_AND_ADD | of("until_day"), "auditor": {READ}},
    "governance.document": {"door": LOOK_AND_ADD},
    "governance.record": {"door": LOOK_AND_ADD | of("outcome", "closed_sealed", "closed_at", "closed_index")},
    "governance.version": {
        "door": LOOK_AND_ADD | of("outcome", "decided_sealed", "decided_at", "decided_index")
    },
    "registry.territory": {"door": LOOK_AND_ADD | of("until_day"), "web": {READ}, "auditor": {READ}},
    "registry.authorisation": {"door": LOOK_AND_ADD | of("until_day"), "web": {READ}, "auditor": {READ}},
    "registry.access_point": {"door": LOOK_AND_ADD | of("address_sealed", "municipality", "profile_type")},
    "registry.supply_request": {"door": LOOK_AND_ADD | of("state", "decided_at")},
    "registry.supply_delivery": {
        "door": LOOK_AND_ADD | {"DELETE"} | of("looked_at", "contracts", "lacking", "ready_at", "ready_index")
    },
    "registry.dynamic_price": {"door": LOOK_AND_ADD | of("until_day")},
    "registry.market_process": {"door": LOOK_AND_ADD | of("ended_at")},
    "registry.metering_regime": {"door": LOOK_AND_ADD | of("until_day")},
    "registry.registration": {"door": LOOK_AND_ADD | of("until_day")},
    "registry.participation": {"door": LOOK_AND_ADD | of("until_day")},
    "registry.necessity": {"door": LOOK_AND_ADD | of("valid_until")},
    "registry.notice": {"door": LOOK_AND_ADD},
    "identity.death": {"door": LOOK_AND_ADD | of("refuted_at")},
    "identity.representation": {"door": LOOK_AND_ADD | of("until_day", "ended_at")},
    "identity.representation_stay": {"door": LOOK_AND_ADD},
    "identity.attorney_invitation": {
        "door": LOOK_AND_ADD | of("ended_at", "representation_id", "name_sealed")
    },
    "registry.meter": {
        "door": LOOK_AND_ADD
        | of(
            "is_digital",
            "is_remotely_read",
            "installed_on",
            "removed_on",
            "place",
            "sub_number",
            "sub_type",
            "sub_vreg_sealed",
        )
    },
    "registry.interval_choice": {"door": LOOK_AND_ADD},
    "metering.day_check": {"door": LOOK_AND_ADD},
    "metering.average_day": {"door": LOOK_AND_ADD},
    "metering.budget_function": {"door": LOOK_AND_ADD | {"DELETE"} | of("fact_sealed")},
    "metering.credit_day": {
        "door": LOOK_AND_ADD | {"DELETE"} | of("state_sealed", "told_index", "advised_index")
    },
    "metering.supply_quality": {"door": LOOK_AND_ADD | {"DELETE"} | of("said_sealed")},
    "metering.reread": {
        "door": LOOK_AND_ADD | {"DELETE"} | of("attempts", "last_attempt_at", "ended_at", "outcome")
    },
    "registry.user_port": {
        "door": {READ}
        | of("user_port_id", "operator", "meter_id", "port", what=ADD)
        | of("is_open", "absent_from")
    },
    "registry.port_order": {
        "door": LOOK_AND_ADD | of("state", "forwarded_at", "ended_at"),
        "auditor": {READ},
    },
    "registry.channel": {"door": LOOK_AND_ADD},
    "registry.occupancy": {
        "door": LOOK_AND_ADD | of("until_day", "root_id", "person_id", "reported_person_id"),
        "web": of(
            "occupancy_id", "operator", "person_id", "from_day", "until_day", "interval_reading", what=READ
        ),
    },
    "registry.supply_contract": {"door": LOOK_AND_ADD | of("until_day", "replaces", "replaced_until")},
    "registry.register_message": {"door": LOOK_AND_ADD | {"DELETE"}},
    "identity.person": {
        "door": LOOK_AND_ADD | of("subject_hash", "name_sealed", "email_sealed", "is_enterprise")
    },
    "identity.link_attempts": {"door": LOOK_AND_ADD | {"DELETE"} | of("wrong", "last_at")},
    "identity.link_letter": {
        "door": LOOK_AND_ADD | of("wrong_tries", "opened_at", "posted_at", "ended_at", "end_reason")
    },
    "identity.ean_told": {"door": LOOK_AND_ADD | {"DELETE"}},
    "oversight.link_service": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "identity.login": {"door": LOOK_AND_ADD | of("used_at") | {"DELETE"}},
    "identity.session": {
        "door": LOOK_AND_ADD | of("ended_at", "expires_at", "last_used_at", "representation_id", "party_id")
    },
    "identity.client": {"door": LOOK_AND_ADD | of("ended_at", "secret_hash", "shows_undecided")},
    "identity.client_key": {"door": LOOK_AND_ADD | of("valid_until")},
    "identity.token_key": {"door": LOOK_AND_ADD | of("retired_at", "published_until")},
    "identity.access_token": {"door": LOOK_AND_ADD | of("revoked_at")},
    "identity.assertion": {"door": LOOK_AND_ADD | {"DELETE"}},
    "permissions.permission": {
        "door": LOOK_AND_ADD
        | {"DELETE"}
        | of(
            "operator",
            "state",
            "reason",
            "occupancy_id",
            "person_id",
            "decided_at",
            "ended_at",
            "notice_sha256",
            "language",
            "addressed_to",
            "named_hash",
            "applicant_id",
            "data_from",
            "data_until",
            "refused_part",
            "withdrawn_part",
            "more_signers",
            "ends_at",
            "renew_from",
            "fulfils_at",
            "remind_at",
            "block_at",
            "closes_at",
            "deletion_days",
            "reminder_days",
            "collection_days",
            "deletion_confirmed_at",
        ),
        "web": of(
            "permission_id",
            "operator",
            "party_id",
            "service",
            "purpose",
            "category",
            "directions",
            "granularity",
            "data_from",
            "data_until",
            "valid_until",
            "state",
            "reason",
            "requested_at",
            "decided_at",
            "ended_at",
            what=READ,
        ),
        "auditor": {READ},
    },
    "permissions.terms": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "permissions.notice": {"door": LOOK_AND_ADD},
    "permissions.signature": {"door": LOOK_AND_ADD | of("person_id", "for_person_id")},
    "permissions.approval_letter": {
        "door": LOOK_AND_ADD
        | of(
            "wrong_tries",
            "opened_at",
            "posted_at",
            "ended_at",
            "end_reason",
            "answer_index",
            "receipt_hash",
        )
    },
    "permissions.event": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "permissions.mandate": {"door": LOOK_AND_ADD | of("document_id", "checked_at", "checked_by", "accepted")},
    "permissions.mandate_import": {
        "door": LOOK_AND_ADD
        | of(
            "round",
            "seed_after",
            "seed",
            "seed_index",
            "drawn_at",
            "due_at",
            "passed_at",
            "held_at",
            "held_reason",
            "last_held_at",
            "times_held",
        )
    },
    "permissions.mandate_import_row": {
        "door": LOOK_AND_ADD
        | of("row_sealed", "permission_id", "announced_at", "by_email", "drawn_in", "outcome")
    },
    "permissions.mandate_sample": {"door": LOOK_AND_ADD | of("produced_at", "passed_at")},
    "documents.document": {
        "door": LOOK_AND_ADD | of("content_sealed", "words_sealed", "destroyed_at", "batch")
    },
    "doubt.doubt_case": {
        "door": LOOK_AND_ADD
        | of(
            "state",
            "contacted_at",
            "contacted_by",
            "contact_how",
            "evidence_due_at",
            "accepted_by",
            "lifted_by",
            "closed_at",
            "breach",
            "breach_reference_sealed",
            "breach_by",
            "breach_at",
        )
    },
    "doubt.signal": {"door": LOOK_AND_ADD},
    "doubt.evidence": {"door": LOOK_AND_ADD | of("accepted", "judged_at", "judged_by")},
    "doubt.event": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "doubt.contact": {"door": LOOK_AND_ADD | of("name_sealed", "email_sealed", "phone_sealed", "changed_at")},
    "doubt.terms": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "doubt.improvement": {"door": LOOK_AND_ADD | of("outcome", "judged_at", "judged_by")},
    "doubt.report": {"door": LOOK_AND_ADD},
    "registry.person_concerned": {"door": LOOK_AND_ADD | of("until_day")},
    "metering.batch": {
        "door": LOOK_AND_ADD
        | of("stored_index", "roots_sealed", "handed_out", "is_given_up", "highest_version")
    },
    "metering.changed_stay": {"door": LOOK_AND_ADD | {"DELETE"}},
    "metering.profile": {"door": LOOK_AND_ADD | {"DELETE"}, "intake": {ADD}},
    "oversight.retired_root": {"door": LOOK_AND_ADD | of("batch")},
    "ledger.entry": {"door": LOOK_AND_ADD, "publisher": {READ}, "auditor": {READ}},
    "ledger.head": {"door": {READ, "UPDATE"}, "publisher": {READ}, "auditor": {READ}},
    "ledger.body": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "ledger.statement": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "ledger.idempotency": {"door": LOOK_AND_ADD | {"DELETE"}},
    "ledger.erased": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "jobs.job": {
        "door": LOOK_AND_ADD | {"DELETE"} | of("done", "worked_at", "ended_at", "end_reason", "expires_at")
    },
    "jobs.piece": {"door": LOOK_AND_ADD | of("fetched_at", "outcome_sealed")},
    "joins.release": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "joins.list": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "joins.attempt": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "joins.intent": {"door": LOOK_AND_ADD | of("ended_at", "ending"), "auditor": {READ}},
    "joins.agreement": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "joins.signer": {"door": LOOK_AND_ADD | of("approved_sealed", "approved_at", "approved_index")},
    "joins.necessity": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "joins.necessity_opinion": {"door": LOOK_AND_ADD},
    "joins.ended": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "statistics.told": {"door": LOOK_AND_ADD},
    "statistics.release": {"door": LOOK_AND_ADD, "auditor": {READ}, "web": {READ}},
    "statistics.part": {"door": LOOK_AND_ADD, "auditor": {READ}, "web": {READ}},
    "oversight.stop": {"door": LOOK_AND_ADD, "auditor": {READ}, "web": {READ}},
    "oversight.complaint": {"door": LOOK_AND_ADD | {"DELETE"} | of("outcome", "closed_at", "closed_index")},
    "oversight.right_request": {
        "door": LOOK_AND_ADD
        | of(
            "extended_at",
            "extended_index",
            "extension_sealed",
            "state",
            "decided_at",
            "decided_by",
            "decided_index",
            "answer_sealed",
            "withdrawn_at",
            "withdrawn_index",
        )
    },
    "oversight.erasure": {
        "door": LOOK_AND_ADD
        | of(
            "state",
            "reason",
            "decided_by",
            "decided_at",
            "decided_index",
            "not_before",
            "batch",
            "is_cleared",
            "withdrawn_at",
            "withdrawn_index",
        )
    },
    "oversight.erasure_batch": {
        "door": LOOK_AND_ADD | of("epoch_begun", "executed_at", "executed_index"),
        "auditor": {READ},
    },
    "oversight.key_copy": {"door": LOOK_AND_ADD | of("destroyed_at", "destroyed_index", "confirmed_by")},
    "oversight.key_rotation": {
        "door": LOOK_AND_ADD
        | of(
            "begun_by",
            "begun_at",
            "begun_index",
            "epoch_ended",
            "finished_at",
            "finished_index",
            "epoch_begun",
        ),
        "auditor": {READ},
    },
    "oversight.gap": {"door": LOOK_AND_ADD | of("journal_reaches", "reconciled_index"), "auditor": {READ}},
    "oversight.handover": {"door": LOOK_AND_ADD | of("opened_at", "opened_index", "outcome")},
    "oversight.looked_at": {"door": LOOK_AND_ADD},
    "oversight.evidence": {"door": LOOK_AND_ADD},
    "clocks.clock": {
        "door": LOOK_AND_ADD | of("met_at", "dropped_at", "ended_size", "missed_index", "end_written_at"),
        "auditor": {READ},
    },
    "web.rate": {"web": {READ, ADD, "UPDATE", "DELETE"}},
    "post.contact": {"door": LOOK_AND_ADD | {"UPDATE", "DELETE"}},
    "post.webhook": {"door": LOOK_AND_ADD | {"UPDATE", "DELETE"}},
    "post.message": {"door": LOOK_AND_ADD | {"DELETE"} | of("read_at")},
    "post.delivery": {
        "door": LOOK_AND_ADD | {"DELETE"} | of(*ATTEMPT, "replayed_at"),
        "postman": of("delivery_id", "channel", "party_id", "state", "attempts", "next_at", what=READ)
        | of(*ATTEMPT),
    },
    "post.letter": {"door": LOOK_AND_ADD | {"DELETE"} | of("opened_at")},
    "post.reading_news": {
        "door": LOOK_AND_ADD | {"DELETE"} | of("told_to", "told_until", "told_after", "looked_at")
    },
    "staff.account": {
        "door": LOOK_AND_ADD
        | of(
            "subject_hash",
            "name_sealed",
            "team",
            "clause_signed_on",
            "trained_until",
            "last_used_at",
            "blocked_at",
            "block_reason",
            "ended_at",
            "end_reason",
            "deleted_at",
        )
    },
    "staff.device": {"door": LOOK_AND_ADD | of("ended_at")},
    "staff.role_grant": {
        "door": LOOK_AND_ADD
        | of(
            "approved_by",
            "approved_at",
            "approved_index",
            "confirmed_at",
            "confirmed_by",
            "suspended_at",
            "ended_at",
            "end_reason",
        ),
        "auditor": {READ},
    },
    "staff.incompatible": {"door": {READ}, "auditor": {READ}},
    "staff.case_file": {
        "door": LOOK_AND_ADD
        | of(
            "assigned_to",
            "team",
            "closed_at",
            "closed_by",
            "operator",
            "access_point_id",
            "occupancy_id",
        )
    },
    "staff.contact": {
        "door": LOOK_AND_ADD | of("operator", "identified_at", "representation_id", "eans_told")
    },
    "staff.ean_asked": {"door": LOOK_AND_ADD | of("way_hashes")},
    "staff.paper": {"door": LOOK_AND_ADD},
    "staff.paper_unlock": {"door": LOOK_AND_ADD},
    "staff.recording": {"door": LOOK_AND_ADD | of("duty", "keep_until", "ended_at", "reference_sealed")},
    "staff.deed": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "staff.hr_check": {"door": LOOK_AND_ADD, "auditor": {READ}},
    "staff.register_consultation": {
        "door": LOOK_AND_ADD
        | of(
            "judged_by",
            "judged_at",
            "is_valid",
            "outcome_sealed",
            "outcome_at",
            "reviewed_by",
            "reviewed_at",
        )
    },
    "staff.refusal": {"door": LOOK_AND_ADD, "auditor": {READ}},
}

SCHEMAS = {
    "registry": {"door", "web", "auditor"},
    "identity": {"door", "web"},  # web: the context functions only, see MATRIX
    "permissions": {"door", "web", "auditor"},
    "documents": {"door"},
    "governance": {"door"},
    "doubt": {"door", "auditor"},
    "metering": {"door", "intake"},
    "ledger": {"door", "publisher", "auditor"},
    "jobs": {"door"},
    "joins": {"door", "auditor"},
    "statistics": {"door", "auditor", "web"},
    "oversight": {"door", "auditor", "web"},
    "clocks": {"door", "auditor"},
    "web": {"web"},
    "post": {"door", "postman"},
    "staff": {"door", "auditor"},
}

FUNCTIONS = {
    "identity.context_person": {"web", "door"},
    "identity.context_party": {"web", "door"},
    "metering.ensure_month": {"intake"},
    "metering.refuse_closed_batch": set[str](),
    "metering.months": {"door"},
    "metering.drop_month": {"door"},
    "ledger.ensure_month": {"door"},
    "ledger.close_log": {"door"},
    "ledger.erase_statements": {"door"},
    "ledger.refuse_change": set[str](),
    "ledger.refuse_backward": set[str](),
    "clocks.refuse_change": set[str](),
    "post.refuse_reopening": set[str](),
    "staff.refuse_incompatible": set[str](),
}

WITHOUT_OPERATOR = {
    "public.alembic_version": "no data",
    **dict.fromkeys(
        (
            "registry.suspension",
            "registry.dossier",
            "registry.handed_in",
            "registry.dpia",
            "registry.dpia_trigger",
            "registry.processing_overview",
            "registry.processor_agreement",
            "registry.territory",
            "governance.document",
            "governance.record",
            "governance.version",
            "registry.authorisation",
            "doubt.contact",
            "doubt.improvement",
            "doubt.report",
        ),
        "of a party, which serves every grid operator",
    ),
    **dict.fromkeys(
        (
            "staff.account",
            "staff.device",
            "staff.role_grant",
            "staff.incompatible",
            "staff.deed",
            "staff.refusal",
            "staff.hr_check",
            "staff.register_consultation",
        ),
        "of the data manager's own people, who work for every grid operator; cases carry theirs",
    ),
    "identity.person": "a person may live in the areas of two grid operators; occupancies carry theirs",
    "identity.death": "of a person, see there",
    "identity.representation": "of a person, see there",
    "identity.representation_stay": "of a person, see there",
    "identity.attorney_invitation": "of a person, see there",
    "identity.link_attempts": "of an EAN code that may exist nowhere, or of a log-in",
    "oversight.link_service": "closes linking for everybody",
    "identity.login": "a log-in that nobody has finished is of nobody yet",
    "identity.session": "of a person, see there",
    "identity.client": "of a party, which serves every grid operator; its contracts carry theirs",
    "identity.client_key": "of a party, see there",
    "identity.token_key": "of the house: what it signs tokens with",
    "identity.access_token": "of a party, see there",
    "identity.assertion": "of a party, see there",
    "ledger.entry": "a hash and a link; the body carries it",
    "ledger.head": "one row, of the log itself",
    "ledger.idempotency": "answers of two days, found by a party's key; the permission carries it",
    "jobs.job": "of a party, which serves every grid operator; the entries of its pieces carry theirs",
    "jobs.piece": "of a job, see there",
    "joins.list": "the regulator's, the same for all",
    "joins.agreement": "of an intent, which carries it",
    "joins.signer": "of the house's own people",
    "joins.necessity": "the house's, for every grid operator alike",
    "joins.necessity_opinion": "of a record of necessity, which is the house's",
    "oversight.complaint": "the regulator's, which looks at every grid operator",
    "joins.ended": "of the two before",
    "statistics.part": "of a release, which carries it",
    "permissions.terms": "the house's, for every grid operator alike",
    "doubt.terms": "the house's, for every grid operator alike",
    "permissions.notice": "a text of the house; the signature under it carries it",
    "metering.average_day": "the house's, for every grid operator alike",
    "oversight.erasure_batch": "rewraps the keys of the whole house",
    "oversight.key_copy": "a copy of the whole key store",
    "oversight.key_rotation": "rewraps the keys of the whole house",
    "oversight.stop": "stops the door, and with it everybody",
    "oversight.gap": "of the log itself",
    "oversight.handover": "of the house itself",
    "oversight.looked_at": "of the log itself",
    "oversight.evidence": "opens an entry of the log; its body has the operator",
    "web.rate": "bookkeeping of the web",
    "post.contact": "of a person, see there",
    "post.webhook": "of a party, which serves every grid operator",
    "post.reading_news": "of a party, which serves every grid operator",
    "post.letter": "of a person or a party; its delivery carries one",
}

NULLABLE_OPERATOR = {
    "identity.link_letter": "set where a letter goes; who asks cannot tell that from where none can",
    "registry.party": "set where the party is itself a grid operator",
    "clocks.clock": "set where it is about an occupancy; a party's and the house's own are of every operator",
}

_TABLES = """
SELECT n.nspname || '.' || c.relname, c.oid, c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%'
"""
_GRANTS = """
SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type || coalesce('(' || g.attname || ')', ''), a.is_grantable
FROM (SELECT relacl AS acl, NULL AS attname FROM pg_class WHERE oid = %(oid)s
      UNION ALL SELECT attacl, attname FROM pg_attribute WHERE attrelid = %(oid)s AND attacl IS NOT NULL) g,
     LATERAL aclexplode(g.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE a.grantee <> (SELECT relowner FROM pg_class WHERE oid = %(oid)s)
"""


@pytest.fixture(scope="module")
def superuser(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection to a migrated database that no test changes, with two months of each partitioned table."""
    with databases.clone() as database:
        with psycopg.connect(database.url("door")) as connection:
            connection.execute("SELECT ledger.ensure_month('2031-11-01')")
        with psycopg.connect(database.url("intake")) as connection:
            connection.execute("SELECT metering.ensure_month('2031-10-01')")
        with psycopg.connect(database.url("superuser"), autocommit=True) as connection:
            yield connection


def grants(superuser: psycopg.Connection, oid: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for role, privilege, grantable in superuser.execute(_GRANTS, {"oid": oid}):
        assert not grantable, (role, privilege)
        found[role.removeprefix("databeheer_")].add(privilege)
    return dict(found)


def test_every_role_has_exactly_the_privileges_of_the_matrix(superuser: psycopg.Connection) -> None:
    found = {
        name: grants(superuser, oid)
        for name, oid, is_partition in superuser.execute(_TABLES).fetchall()
        if not is_partition
    }
    assert found == MATRIX


def test_partitions_are_reached_through_their_table_only(superuser: psycopg.Connection) -> None:
    partitions = [
        (name, oid) for name, oid, is_partition in superuser.execute(_TABLES).fetchall() if is_partition
    ]
    assert len(partitions) == 6
    assert {name: grants(superuser, oid) for name, oid in partitions} == {name: {} for name, _ in partitions}


def test_everything_belongs_to_the_owner(superuser: psycopg.Connection) -> None:
    owners = superuser.execute(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE oid >= 16384 AND relnamespace NOT IN"
        " (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_toast%')"
    ).fetchall()
    assert owners == [("databeheer_owner",)]


def test_a_schema_is_open_to_those_who_need_it_and_nobody_creates_in_one(
    superuser: psycopg.Connection,
) -> None:
    for schema, users in SCHEMAS.items():
        for role in OTHERS:
            name = provision.role_name(role)
            row = superuser.execute(
                "SELECT has_schema_privilege(%s, %s, 'USAGE'), has_schema_privilege(%s, %s, 'CREATE')",
                [name, schema, name, schema],
            ).fetchone()
            assert row == (role in users, False), (schema, role)
    named = superuser.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
    ).fetchall()
    assert {row[0] for row in named} == {*SCHEMAS, "public"}


def test_functions_of_ours_run_for_those_who_need_them(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "SELECT n.nspname || '.' || p.proname, p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = {
        name: {
            role
            for role in OTHERS
            if superuser.execute(
                "SELECT has_function_privilege(%s, %s::oid, 'EXECUTE')", [provision.role_name(role), oid]
            ).fetchone()
            == (True,)
        }
        for name, oid in rows
    }
    assert found == FUNCTIONS


def test_a_definers_function_trusts_no_search_path(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace <> 'pg_catalog'::regnamespace"
    ).fetchall()
    assert len(rows) == 9
    assert {tuple(config) for _, config in rows} == {("search_path=pg_catalog",)}


@pytest.mark.parametrize("role", OTHERS)
def test_a_process_role_is_nobody_else_and_gets_round_nothing(
    superuser: psycopg.Connection, role: str
) -> None:
    name = provision.role_name(role)
    row = superuser.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
        " (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)::int FROM pg_roles r WHERE rolname = %s",
        [name],
    ).fetchone()
    assert row == (False, False, False, False, False, 0)
    row = superuser.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CREATE'),"
        " has_database_privilege(%s, current_database(), 'TEMP')",
        [name, name],
    ).fetchone()
    assert row == (False, False)


_LOCKS = ("pg_advisory_lock(1)", "pg_try_advisory_lock(1)", "pg_try_advisory_xact_lock_shared(1, 2)")
_LARGE_OBJECTS = ("lo_creat(-1)", "lo_create(0)", "lo_from_bytea(0, 'x')", "lo_put(1, 0, 'x')")


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize(
    "call", [*_LARGE_OBJECTS, *_LOCKS, "pg_advisory_xact_lock(1)", "pg_logical_emit_message(true, 'a', 'b')"]
)
def test_a_process_keeps_nothing_outside_the_tables_and_locks_nothing_by_number(
    database: Database, role: str, call: str
) -> None:
    with (
        psycopg.connect(database.url(role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT {call}".encode())


@pytest.mark.parametrize("role", provision.ROLES)
@pytest.mark.parametrize("other", ["postgres", "template1"])
def test_a_process_enters_no_database_but_the_houses(databases: Databases, role: str, other: str) -> None:
    if os.environ.get(SERVER_VARIABLE):
        pytest.skip("a server that is not ours keeps its own databases as they are")
    with databases.clone() as database:
        url = make_url(database.url(role)).set(database=other).render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


@pytest.mark.parametrize("role", ["publisher", "auditor"])
def test_a_process_that_takes_all_the_connections_it_can_leaves_some_to_the_others(
    database: Database, role: str
) -> None:
    with ExitStack() as held:
        for _ in range(provision.CONNECTIONS[role]):
            held.enter_context(psycopg.connect(database.url(role)))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(database.url(role))


def test_all_roles_together_fill_the_server_not_quite(superuser: psycopg.Connection) -> None:
    limits = superuser.execute(
        "SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname LIKE 'databeheer\\_%'"
    ).fetchall()
    assert dict(limits) == {provision.role_name(role): most for role, most in provision.CONNECTIONS.items()}
    if not os.environ.get(SERVER_VARIABLE):
        row = superuser.execute("SELECT current_setting('max_connections')::int").fetchone()
        assert row is not None
        assert sum(provision.CONNECTIONS.values()) + 3 < row[0]


def test_nothing_is_granted_in_advance_to_tables_still_to_come(superuser: psycopg.Connection) -> None:
    assert superuser.execute("SELECT count(*) FROM pg_default_acl").fetchone() == (0,)


def test_every_row_carries_its_grid_operator_or_the_test_says_why_not(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "SELECT n.nspname || '.' || c.relname, bool_or(a.attname = 'operator'),"
        " bool_or(a.attname = 'operator' AND a.attnotnull) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
    ).fetchall()
    assert {name for name, carries, _ in rows if not carries} == set(WITHOUT_OPERATOR)
    assert {name for name, carries, always in rows if carries and not always} == set(NULLABLE_OPERATOR)


@pytest.mark.parametrize("table", ["permissions.permission", "registry.party", "registry.occupancy"])
def test_row_level_security_is_on_for_what_the_web_reads(superuser: psycopg.Connection, table: str) -> None:
    assert superuser.execute(
        "SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", [table]
    ).fetchone() == (True,)


def test_what_the_web_reads_without_row_level_security_is_public(superuser: psycopg.Connection) -> None:
    open_to_web = {name for name, roles in MATRIX.items() if "web" in roles and not name.startswith("web.")}
    secured = superuser.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')"
    ).fetchall()
    assert open_to_web - {row[0] for row in secured} == {
        "registry.operator",
        "registry.territory",
        "registry.processing_overview",
        "registry.authorisation",
        "oversight.stop",
        "statistics.release",
        "statistics.part",
    }


@pytest.mark.parametrize("role", ["superuser", *provision.ROLES])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.entry SET index = index",
        "DELETE FROM ledger.entry",
        "TRUNCATE ledger.entry CASCADE",  # messages name their entry
        "DELETE FROM ledger.head",
        "TRUNCATE ledger.head",
    ],
)
def test_nobody_changes_or_removes_a_ledger_row_not_even_the_owner(
    database: Database, role: str, statement: str
) -> None:
    with (
        psycopg.connect(database.url(role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("size", [0, -1])
def test_not_even_the_owner_takes_the_head_back(database: Database, size: int) -> None:
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)
    with psycopg.connect(database.url("owner")) as connection, pytest.raises(refused):
        connection.execute("UPDATE ledger.head SET size = %s", [size])
