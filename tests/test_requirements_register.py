"""The register says what the tests show, and is never stale."""

from __future__ import annotations

from tests.requirements_register import REGISTER, Requirement, find_marks, load_requirements, marks_in, render

MARKED = '''
import pytest
pytestmark = pytest.mark.requirement("R1")

@pytest.mark.requirement("R51", "R52")
def test_ports_are_closed():
    """@pytest.mark.requirement("R99") in a text is no mark."""

@pytest.mark.requirement("R53")
class TestPorts:
    @pytest.mark.requirement("R54")
    async def test_opens(self): ...

@pytest.mark.other("R55")
def test_other(): ...
'''


def test_the_register_in_the_documents_is_what_the_tests_show() -> None:
    fresh = render(load_requirements(), find_marks())
    assert REGISTER.read_text(encoding="utf-8") == fresh, "run make requirements"


def test_every_requirement_from_1_to_205_is_registered_with_its_sentence() -> None:
    requirements = load_requirements()
    assert list(requirements) == [f"R{number}" for number in range(1, 206)]
    assert all(row.text.endswith((".", "'")) and row.source for row in requirements.values())


def test_marks_are_found_on_functions_classes_and_modules_only() -> None:
    assert sorted(marks_in(MARKED)) == [
        ("R1", ""),
        ("R51", "test_ports_are_closed"),
        ("R52", "test_ports_are_closed"),
        ("R53", "TestPorts"),
        ("R54", "test_opens"),
    ]


def test_a_mark_beats_the_reason_that_it_is_not_ours() -> None:
    rows = {
        "R1": Requirement("R1", "One.", "law", None),
        "R2": Requirement("R2", "Two.", "law", "a board's act"),
        "R3": Requirement("R3", "Three.", "law", "a board's act"),
    }
    page = render(rows, {"R2": {"tests/test_two.py::test_two"}})
    assert "| R1 | not yet |  |" in page
    assert "| R2 | shown | `tests/test_two.py::test_two` |" in page
    assert "| R3 | not ours: a board's act |  |" in page
