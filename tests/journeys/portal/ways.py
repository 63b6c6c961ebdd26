"""Two ways through the same pages: with a pointer; and with the keyboard alone, in a browser that runs no script.

A journey says what somebody does (`open`, `press`, `choose`, `fill`); a `Walker` does it in the way that he is named
after, and looks meanwhile at what only that way shows.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from playwright.sync_api import Locator, ViewportSize

from tests.browser import NARROW, WIDE, Watched

AN_ANSWER = re.compile(r"the server responded with a status of 4[0-9][0-9]")
"""How Chromium notes a page that refuses something; all else that its console says is a fault."""

Part = Literal["main", "header"]
_FURTHEST = 150

_PARTS = """() => {
    const named = each => each.tagName + "." + (each.className.baseVal ?? each.className);
    return [...new Set([...document.querySelectorAll("body, body *")].map(named))].sort().join();
}"""
"""What a page is made of, whatever it says."""
_HAS_FOCUS = "element => element === document.activeElement"
_IS_THERE = """(target, now) => now === target || (now.type === "radio" && target.type === "radio"
    && now.name === target.name && now.form === target.form)"""
"""To be at one option is to be at all of its question: from there on arrows lead, and the tabulator leads away."""
_SET_OUT = """target => {
    const now = window.stoodAt = document.activeElement;
    return {
        there: (IS_THERE)(target, now),
        fromTop: now === document.body && !location.hash && target.closest("main") !== null,
        back: (now.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING) !== 0,
    };
}""".replace("IS_THERE", _IS_THERE)
"""Remember where the focus is, and tell which way leads to the target."""

_STEP = """(target, back) => {
    const now = document.activeElement, before = window.stoodAt;
    window.stoodAt = now;
    const style = getComputedStyle(now), box = now.getBoundingClientRect();
    const turned = back ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
    return {
        there: (IS_THERE)(target, now),
        out: now === document.body || now === document.documentElement,
        isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isOnScreen: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
        isTurned: Boolean(before?.isConnected) && before !== now
            && (before.compareDocumentPosition(now) & turned) !== 0,
        html: now.outerHTML.slice(0, 160),
    };
}""".replace("IS_THERE", _IS_THERE)


class Walker:
    """Somebody at a browser of his own; what is said of him is what he reads on the page."""

    uses: ClassVar[frozenset[str]] = frozenset()
    """What this way shows of a journey: that it goes so."""
    javascript: ClassVar[bool] = True
    viewport: ClassVar[ViewportSize] = WIDE

    def __init__(self, watched: Watched, address: str, judged: set[str]) -> None:
        self.watched, self.page = watched, watched.page
        self._address = address
        self._judged = judged

    def open(self, path: str) -> None:
        """Come to a page by its address."""
        self.page.goto(self._address + path)
        self._arrived()

    def go_back(self) -> None:
        """Press the browser's own button."""
        self.page.go_back()
        self._arrived()

    def press(self, name: str, *, within: Part = "main") -> None:
        """Press the button, or follow the link, that is called so; the page that answers is there afterwards."""
        control = self._control(name, within)
        self._stand_at(control)  # on the way there lies the skip link, which leads somewhere too
        with self.page.expect_navigation():
            self._activate(control)
        self._arrived()

    def turn_to(self, name: str) -> None:
        """Follow a link of the menu, which folds away what is not for every day."""
        if not self._control(name, "header").is_visible():
            self.unfold("Meer", within="header")
        self.press(name, within="header")

    def unfold(self, words: str, *, within: Part = "main") -> None:
        """Open what folds under these words."""
        self._activate(self.page.locator(f"{within} summary").filter(has_text=words).first)

    def mend(self, words: str) -> None:
        """Follow a line of the error summary to the field that it is about."""
        link = self.page.get_by_role("alert").get_by_role("link", name=words).first
        place = link.get_attribute("href") or ""
        self._activate(link)
        field = self.page.locator(place)
        assert field.evaluate(_HAS_FOCUS), f"“{words}” does not lead into its field"

    def save(self, name: str, folder: Path) -> Path:
        """Follow a link to a file, and keep the file."""
        control = self._control(name, "main")
        with self.page.expect_download() as download:
            self._activate(control)
        kept = folder / download.value.suggested_filename
        download.value.save_as(kept)
        return kept

    def sees(self, *words: str) -> None:
        """These words stand on the page."""
        text = " ".join(self.page.locator("main").inner_text().split())
        for each in words:
            assert each in text, f"“{each}” is not at {self.page.url}: {text}"

    def does_not_see(self, words: str) -> None:
        assert words not in " ".join(self.page.locator("body").inner_text().split())

    def read(self, selector: str) -> str:
        """What stands in one part of the page."""
        return self.page.locator(f"main {selector}").first.inner_text()

    @abstractmethod
    def choose(self, label: str, *, under: str = "") -> None:
        """Choose the option of this name, of the question `under` which it stands."""

    @abstractmethod
    def fill(self, label: str, text: str) -> None:
        """Type in the field of this name, in place of what stood in it."""

    def attach(self, label: str, name: str, content: bytes) -> None:
        """Choose a file for this field: which one, the operating system's own window asks, and no page."""
        field = self.page.get_by_label(label).first
        self._stand_at(field)
        field.set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})

    @abstractmethod
    def answer_too_early(self, option: str, button: str) -> None:
        """Send a form by what comes to hand first, before the question of this option has an answer."""

    @abstractmethod
    def _activate(self, control: Locator) -> None: ...

    def _stand_at(self, control: Locator) -> None:
        """Come to a field before it gets its answer."""

    def finish(self) -> None:
        """Look back at the whole journey."""
        assert [line for line in self.watched.console if not AN_ANSWER.search(line)] == []

    def _control(self, name: str, within: Part) -> Locator:
        part = self.page.locator(within)
        return part.get_by_role("button", name=name).or_(part.get_by_role("link", name=name)).first

    def _option(self, label: str, under: str) -> Locator:
        part = self.page.get_by_role("group", name=under) if under else self.page.locator("main")
        return part.get_by_role("radio", name=label).or_(part.get_by_role("checkbox", name=label)).first

    def _arrived(self) -> None:
        """Whoever erred is at the summary of what went wrong: read out first, and one key from the field."""
        summary = self.page.locator("main [role=alert]").first
        if summary.count():
            assert summary.evaluate(_HAS_FOCUS), f"the focus is not at what went wrong: {self.page.url}"


class ByPointer(Walker):
    """With a pointer, on a small screen; has axe judge each page that is made of other parts than those before."""

    uses = frozenset({"pointer"})
    viewport = NARROW

    def choose(self, label: str, *, under: str = "") -> None:
        self._option(label, under).check()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def answer_too_early(self, option: str, button: str) -> None:
        self.press(button)

    def _activate(self, control: Locator) -> None:
        control.click()

    def _arrived(self) -> None:
        super()._arrived()
        parts = self.page.evaluate(_PARTS)
        if parts not in self._judged:
            self._judged.add(parts)
            assert self.watched.faults(self._judged) == [], self.page.url
            assert not self.watched.is_wider_than_the_screen(), self.page.url


class ByKeyboard(Walker):
    """With the keyboard alone, on a wide screen, in a browser that runs no script of a page.

    Sees at every step where the focus is, and never goes in circles.
    """

    uses = frozenset({"keyboard", "no JavaScript"})
    javascript = False

    def choose(self, label: str, *, under: str = "") -> None:
        option = self._option(label, under)
        self._reach(option)
        for _ in range(12):
            if option.evaluate(_HAS_FOCUS):
                break
            self.page.keyboard.press("ArrowDown")
        if not option.is_checked():
            self.page.keyboard.press("Space")
        assert option.is_checked(), label

    def fill(self, label: str, text: str) -> None:
        self._reach(self.page.get_by_label(label).first)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def answer_too_early(self, option: str, button: str) -> None:
        """Enter on a choice presses a form's first button: that one must decide nothing."""
        self._reach(self._option(option, ""))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self._arrived()

    def finish(self) -> None:
        super().finish()
        self._come_out()

    def _activate(self, control: Locator) -> None:
        self._reach(control)
        self.page.keyboard.press("Enter")

    def _stand_at(self, control: Locator) -> None:
        self._reach(control)

    def _reach(self, control: Locator) -> None:
        """Go there with the tabulator, past the menu where it lies beyond that, and back where it lies behind."""
        target = control.element_handle()
        assert target
        stands = target.evaluate(_SET_OUT)
        if stands["there"]:
            return
        if stands["fromTop"]:
            self._past_the_menu()
        back = stands["back"]
        for _ in range(_FURTHEST):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            step = target.evaluate(_STEP, back)
            assert not step["out"], f"the keyboard does not reach {control}"
            self._sound(step)
            if step["there"]:
                return
        pytest.fail(f"the keyboard does not reach {control}")

    def _past_the_menu(self) -> None:
        """The first key leads to the content, on every page that has something before it."""
        if not self.page.locator("header").count():
            return
        self.page.keyboard.press("Tab")
        assert self.page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "inhoud"

    def _come_out(self) -> None:
        """No trap: going on, one comes to the end of the page."""
        body = self.page.locator("body").element_handle()
        assert body
        body.evaluate(_SET_OUT)
        for _ in range(_FURTHEST):
            self.page.keyboard.press("Tab")
            step = body.evaluate(_STEP, False)
            if step["out"] or step["isTurned"]:
                return
            self._sound(step)
        pytest.fail(f"the keyboard does not come out of {self.page.url}")

    def _sound(self, step: dict[str, Any]) -> None:
        where = f"{step['html']} at {self.page.url}"
        assert step["isSeen"], f"the focus is not seen on {where}"
        assert step["isOnScreen"], f"the focus is off the screen on {where}"
        assert not step["isTurned"], f"the focus jumps back to {where}"


WAYS: dict[str, type[Walker]] = {
    "pointer": ByPointer,
    "keyboard, no JavaScript": ByKeyboard,
}
