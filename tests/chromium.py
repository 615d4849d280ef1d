"""Drives Debian's Chromium through its DevTools protocol: nothing else needs to be installed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import pytest
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_TIMEOUT = 15.0  # seconds
WAIT_TIMEOUT = 10_000  # milliseconds
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    # Two windows are driven at once: the one behind must not be slowed down.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--remote-debugging-port=0",
]
# Polls inside the page, so that the driving side neither sleeps nor misses a short moment.
WAIT = """
new Promise((resolve, reject) => {
  const end = performance.now() + %d;
  const look = () => {
    let value = null;
    try { value = (%s); } catch {}
    if (value) resolve(value);
    else if (performance.now() > end) reject(new Error("never became true"));
    else setTimeout(look, 20);
  };
  look();
})
"""


def find_chromium() -> str:
    """Return the browser's path; skip the test where it is missing and cannot be installed."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is not None:
        return path
    if os.geteuid() == 0:
        pytest.fail("Chromium is missing: apt-get install chromium, or run make test")
    pytest.skip("Chromium is missing and only root can install it")


class Page:
    """One tab in a browser context of its own, like a person with a browser of their own."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol on this page."""
        return self._browser.call(method, parameters, self._session)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
            raise AssertionError(f"{text.splitlines()[0]}: {expression}")
        return answer["result"].get("value")

    def wait(self, condition: str) -> Any:
        """Wait until a JavaScript expression is true and return its value."""
        try:
            return self.evaluate(WAIT % (WAIT_TIMEOUT, condition))
        except AssertionError:
            shown = self.evaluate("document.body.innerText")
            raise AssertionError(f"never became true: {condition}\nshown:\n{shown}") from None

    def wait_text(self, selector: str, text: str) -> None:
        """Wait until an element that fits the selector contains the text."""
        self.wait(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".some((e) => e.checkVisibility() && e.textContent.includes({json.dumps(text)}))"
        )

    def click(self, selector: str, text: str = "") -> None:
        """Click on the middle of the first element that fits, as a mouse does."""
        box = (
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".find((e) => e.checkVisibility() && e.textContent.includes({json.dumps(text)}))"
            "?.getBoundingClientRect()"
        )
        x, y = self.wait(f"((b) => b?.width && [b.x + b.width / 2, b.y + b.height / 2])({box})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                clickCount=1,
            )

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into an element and write."""
        self.click(selector)
        self.call("Input.insertText", text=text)

    def press_enter(self) -> None:
        """Press the Enter key."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def resize(self, width: int, height: int, scale: float = 1, mobile: bool = False) -> None:
        """Give the page a size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )

    def prefer(self, color_scheme: str) -> None:
        """Make the page light or dark."""
        feature = {"name": "prefers-color-scheme", "value": color_scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path) -> None:
        """Write what the page shows as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


class Chromium:
    """A running browser and the one connection to it."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._ids = itertools.count(1)
        #: Uncaught exceptions and violations of the content security policy in any page.
        self.page_errors: list[str] = []

    def call(self, method: str, parameters: dict[str, Any], session: str | None) -> dict[str, Any]:
        """Call a method of the DevTools protocol and return its result."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._websocket.send(json.dumps(message))
        while True:
            answer = json.loads(self._websocket.recv(timeout=30))
            if answer.get("id") == number:
                break
            self._note(answer)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def page(self, url: str) -> Iterator[Page]:
        """Open a page in a browser context of its own: nothing is shared with other pages."""
        context = self.call("Target.createBrowserContext", {}, None)["browserContextId"]
        where = {"url": "about:blank", "browserContextId": context, "newWindow": True}
        target = self.call("Target.createTarget", where, None)["targetId"]
        attach = {"targetId": target, "flatten": True}
        page = Page(self, self.call("Target.attachToTarget", attach, None)["sessionId"])
        for domain in ("Page", "Runtime", "DOM", "Log"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.resize(1280, 800)
        page.call("Page.navigate", url=url)
        page.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")
        try:
            yield page
        finally:
            self.call("Target.disposeBrowserContext", {"browserContextId": context}, None)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.page_errors.append(details.get("exception", {}).get("description", "exception"))
        if event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["source"] == "security":
                self.page_errors.append(entry["text"])


@contextmanager
def run_chromium(profile: Path) -> Iterator[Chromium]:
    """Start a headless Chromium with a profile folder of its own, and end it at last."""
    command = [find_chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    environment = os.environ | {"LANGUAGE": "en"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            address = _devtools_address(process)
            with connect_websocket(address, max_size=None, compression=None) as websocket:
                yield Chromium(websocket)
        finally:
            process.terminate()
            process.wait(START_TIMEOUT)


def _devtools_address(process: subprocess.Popen[str]) -> str:
    """Return the address that the browser prints, and go on emptying the pipe behind it."""
    found: list[str] = []
    ready = threading.Event()

    def read(stream: IO[str]) -> None:
        for line in stream:
            if line.startswith("DevTools listening on "):
                found.append(line.split()[-1])
                ready.set()

    assert process.stderr is not None
    threading.Thread(target=read, args=(process.stderr,), daemon=True).start()
    if not ready.wait(START_TIMEOUT):
        process.kill()
        pytest.fail(f"Chromium did not start within {START_TIMEOUT} s")
    return found[0]
