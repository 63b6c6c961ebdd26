"""A real Chromium for tests: found where Debian puts it, skipped where there is none, its console watched."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

import web

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_AXE = AXE_FILE_PATH.read_text()
_RULES = {
    "resultTypes": ["violations"],
    "preload": {"assets": ["media"]},  # of the style sheets only rules on trial want a copy
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2 AA, which axe leaves out unless asked
}

_LOOKS = """() => {
    const blocks = /^(block|list-item|table|flex|grid|inline-block)/;
    const isAmidWords = link => {
        let block = link.parentElement;
        while (block.parentElement && !blocks.test(getComputedStyle(block).display)) block = block.parentElement;
        const links = [...block.querySelectorAll("a")];
        return links.reduce((left, each) => left.replace(each.textContent, ""), block.textContent).trim() !== "";
    };
    const look = one => one === null ? "" : look(one.parentElement) + ">" + one.tagName + "."
        + (one.getAttribute("class") || "") + (one.hasAttribute("aria-current") ? "*" : "")
        + (one.matches(".option:has(:checked)") ? "!" : "");
    const found = new Map();
    for (const one of document.body.querySelectorAll("*")) {
        const says = [...one.childNodes].some(child => child.nodeType === 3 && child.data.trim());
        if (!(says || one.matches("a, input, select, textarea")) || !one.checkVisibility()) continue;
        const its = look(one) + (one.matches("a") && isAmidWords(one) ? "~" : "");
        if (!found.has(its)) found.set(its, one);
    }
    return found;
}"""
"""One element for each look of letters on the page."""
_SEEN = f"() => [...({_LOOKS})().keys()]"
_OF_LOOKS = ("color-contrast", "link-in-text-block")
"""Whether letters can be told from their ground, and links from the words around them: most of axe's work."""
_JUDGE = """async ([options, ofLooks, fresh]) => {
    if (!("axe" in window)) return null;
    if (fresh === null) return (await axe.run(options)).violations;
    const off = Object.fromEntries(ofLooks.map(rule => [rule, {enabled: false}]));
    const {violations} = await axe.run({...options, rules: {...options.rules, ...off}});
    if (fresh.length) {
        const looks = (LOOKS)(), include = fresh.map(one => looks.get(one));
        const only = {resultTypes: ["violations"], preload: false, runOnly: ofLooks};
        violations.push(...(await axe.run({include}, only)).violations);
    }
    return violations;
}""".replace("LOOKS", _LOOKS)
_WIDEST = """(() => {
    const edge = document.documentElement.clientWidth;
    const out = [...document.body.querySelectorAll("*")].filter(
        one => one.getBoundingClientRect().right > edge + 1 && ![...one.children].some(
            child => child.getBoundingClientRect().right > edge + 1));
    return out.length ? out[0].outerHTML.slice(0, 120) : "?";
})()"""

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The browser without its windows first: it shows the same pages for a third less of the processor."""
_LEFT_OUT = (
    # What a person's browser does beside the page, for pages that he has not asked for.
    "PreloadTopChromeWebUI",
    "RenderDocument",
    "ReportingAndNEL",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxPopup",
    # What Playwright leaves out: of two such lists Chromium takes the last alone.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
)
_CHEAPLY = [
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-site-isolation-trials",
    "--process-per-site",
    f"--disable-features={','.join(_LEFT_OUT)}",
    "--js-flags=--no-maglev --no-turbofan",
]
"""Without a graphics card that is played by the processor, a sixth of the work of a page; a window without a process
for what it shows first, a quarter of the work of a window; a frame that stays from page to page, a third of the work
of a page; and scripts that run once, not made quicker for a second time, a fifth of axe's work.
"""
PATIENCE = 120_000
"""How many milliseconds a page is waited for: how busy the machine is shows nothing about it."""
expect.set_options(timeout=PATIENCE)
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 700}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip the test and say why."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium here: on Debian, apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHEAPLY)
        yield browser
        browser.close()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Watched:
    """A page whose console is kept, for a breach of the content policy shows only there."""

    page: Page
    console: list[str] = field(default_factory=list)
    is_judged_often: bool = True
    """Whether axe looks at most of its pages: then each comes with it, which takes time where it does not."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.console.append(f"{message.text} {message.location}"))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def faults(self, looks: set[str] | None = None) -> list[str]:
        """What axe finds wrong, one line a fault.

        `looks`: what letters were seen to look like, by the tags and classes that they stand in; the page's are
        added. What `_OF_LOOKS` judge is judged of what looks new alone.
        """
        fresh = None if looks is None else [one for one in self.page.evaluate(_SEEN) if one not in looks]
        asked = [_RULES, _OF_LOOKS, fresh]
        found: list[dict[str, Any]] | None = self.page.evaluate(_JUDGE, asked)
        if found is None:
            if self.is_judged_often:
                self.page.add_init_script(_AXE)  # the pages to come have it without its being sent each time
            self.page.evaluate(_AXE)
            found = self.page.evaluate(_JUDGE, asked)
            assert found is not None
        if looks is not None:
            looks.update(fresh or ())
        return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found]

    def is_wider_than_the_screen(self) -> bool:
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide

    def widest(self) -> str:
        """What reaches beyond the screen, for who must mend it."""
        found: str = self.page.evaluate(_WIDEST)
        return found

    def focus_is_visible(self) -> bool:
        """Whether the element that has the focus shows it."""
        visible: bool = self.page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; })()"
        )
        return visible


class Quiet(WSGIRequestHandler):
    """Says nothing of each request: where a test fails, a thousand lines of them hide what it says."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Say nothing."""


@contextmanager
def served(app: WSGIApplication, port: int) -> Iterator[None]:
    """Serve an application on a loopback port, in one thread; what that thread holds is given back at the end."""
    server = BaseWSGIServer("127.0.0.1", port, app, handler=Quiet)

    def run() -> None:
        server.serve_forever(poll_interval=0.05)
        if isinstance(app, Flask):
            web.close(app)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
