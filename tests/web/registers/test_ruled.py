"""Each rule of the registers refuses in plain Dutch, with what to do."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from databeheer.door import governance
from web.registers import ruled

DOOR = Path(governance.__file__).parent


def _said(node: ast.expr) -> str:
    """What a refusal says; where it names something of the moment, a word stands for that."""
    if isinstance(node, ast.JoinedStr):
        return "".join(one.value if isinstance(one, ast.Constant) else "assessment" for one in node.values)
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
        "this assessment is older than what made the last one out of date; make a new one",
        "a DPIA of this party with this reference is filed already",
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
    said = {ruled.in_dutch(one) for one in refusals()}
    assert [words for words in table["rules"].values() if words not in said] == []


def test_what_no_rule_says_has_words_too() -> None:
    assert ruled.in_dutch("something new; '><script>") == ruled.OTHERWISE
