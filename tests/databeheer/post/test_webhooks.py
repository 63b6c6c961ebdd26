"""Signatures as Standard Webhooks has them: its own vector, and every part that is signed."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from databeheer.post import webhooks
from databeheer.post.webhooks import Scheme, Secret

NUMBER, NOW = UUID(int=5), datetime(2026, 11, 21, tzinfo=UTC)
BODY = b'{"type":"permission.granted"}'


def test_the_conventions_own_vector() -> None:
    """From the specification's reference libraries: secret, id, time and body as they publish them."""
    secret = Secret(Scheme.HMAC, b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    content = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert secret.sign(content) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def check_hmac(headers: dict[str, str], body: bytes, shown: str) -> bool:
    """As a party does, from the secret as it was shown."""
    key = b64decode(shown.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


def check_ed25519(headers: dict[str, str], body: bytes, shown: str) -> bool:
    key = VerifyKey(b64decode(shown.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for one in headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        try:
            key.verify(content, b64decode(signature))
        except (BadSignatureError, ValueError):
            continue
        return version == "v1a"
    return False


CHECKS = {Scheme.HMAC: check_hmac, Scheme.ED25519: check_ed25519}


@pytest.mark.parametrize("scheme", Scheme)
def test_a_party_checks_a_signature_with_what_it_was_shown(scheme: Scheme) -> None:
    secret = Secret.new(scheme)
    headers = webhooks.headers(NUMBER, BODY, NOW, [secret])
    assert CHECKS[scheme](headers, BODY, secret.for_party)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body", "secret"])
def test_nothing_that_is_signed_can_be_changed(scheme: Scheme, changed: str) -> None:
    secret = Secret.new(scheme)
    headers, body, shown = webhooks.headers(NUMBER, BODY, NOW, [secret]), BODY, secret.for_party
    if changed == "body":
        body += b" "
    elif changed == "secret":
        shown = Secret.new(scheme).for_party
    else:
        headers[changed] += "1"
    assert not CHECKS[scheme](headers, body, shown)


def test_while_a_secret_changes_both_sign() -> None:
    old, new = Secret.new(Scheme.HMAC), Secret.new(Scheme.ED25519)
    headers = webhooks.headers(NUMBER, BODY, NOW, [new, old])
    assert check_hmac(headers, BODY, old.for_party)
    assert check_ed25519(headers, BODY, new.for_party)


def test_each_attempt_has_the_same_id_and_its_own_time() -> None:
    secret = Secret.new(Scheme.HMAC)
    later = NOW.replace(hour=5)
    first, second = (webhooks.headers(NUMBER, BODY, at, [secret]) for at in (NOW, later))
    assert first["webhook-id"] == second["webhook-id"] == webhooks.number(NUMBER)
    assert first["webhook-timestamp"] != second["webhook-timestamp"]


def test_a_secret_shows_in_no_log() -> None:
    secret = Secret.new(Scheme.HMAC)
    assert str(secret.raw) not in repr(secret)
