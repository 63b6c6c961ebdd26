"""Each rule of the registers refuses in plain Dutch, with what to do."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from databeheer.door import governance
from databeheer.registry.conditions import StaleTrigger
from web.registers import ruled

FIELD = re.compile(r"[a-z_]+(?:, [a-z_]+)*: ")
DOOR = Path(governance.__file__).parent


def _said(node: ast.expr) -> str:
    """What a refusal says; where it names something of the moment, a word stands for that."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else "assessment" for one in node.values
        )
    return str(ast.literal_eval(node))


def refusals() -> list[str]:
    """Every sentence with which the registers say that a rule stands in the way."""
    found = [
        _said(call.args[0])
        for file in sorted(DOOR.glob("*.py"))
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "ConflictError"
        and not isinstance(call.args[0], ast.Name)
    ]
    return [
        *found,
        "an announcement is for a general consent; ask a specific one",
        "this agreement has a general consent: write an announcement",
        *(
            f"assessed_on: overtaken by {trigger} of 2026-11-22; an assessment counts that is dated 2026-11-23 or later"
            for trigger in StaleTrigger
        ),
        "reference: a DPIA of this party with this reference is filed already",
        "not ready: agreement is of another party, sub_processor-1 may not work for it, finding-3 is not solved",
        "not ready: penetration_test is another kind of test, agreement is over, assessment is out of date",
    ]


def test_each_refusal_of_a_register_has_its_dutch() -> None:
    found = refusals()
    assert len(found) > 40
    unsaid = [
        one for one in found if ruled.OTHERWISE in ruled.in_dutch(one) and one != "not ready: assessment"
    ]
    assert unsaid == []


def test_no_sentence_stands_for_a_refusal_that_there_is_not() -> None:
    table = tomllib.loads(Path(ruled.__file__).with_name("ruled.toml").read_text())
    said = [FIELD.sub("", one, count=1) for one in refusals()] + refusals()
    unused = [rule for rule in table["rules"] if not any(re.fullmatch(rule, one) for one in said)]
    assert unused == []


def test_what_overtook_an_assessment_is_said_with_its_days() -> None:
    said = "assessed_on: overtaken by use_changed of 2026-11-22; an assessment counts that is dated 2026-11-23 or later"
    dutch = ruled.in_dutch(said)
    assert "Op 22 november 2026 was er een belangrijke wijziging van het gebruik." in dutch
    assert "met als dag 23 november 2026 of later" in dutch


def test_what_no_rule_says_has_words_too() -> None:
    assert ruled.in_dutch("something new; '><script>") == ruled.OTHERWISE
