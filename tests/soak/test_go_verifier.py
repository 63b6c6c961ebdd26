"""What takes Go longest, of the verifier that is not ours: looking through all that it builds on."""

from __future__ import annotations

from tests.ledger.foreign import go


def test_go_itself_finds_nothing_to_say_of_the_verifier() -> None:
    go("vet", ".")
