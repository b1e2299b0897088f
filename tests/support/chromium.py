"""A real Chromium without a window, from the tree of Debian's packages, driven over its own pipe: no port, no network.

The devtools protocol runs over descriptors 3 and 4, messages end with a NUL. Everything the page logs, throws or asks
for is kept.
"""

import base64
import json
import os
import select
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.support.mailers import Tree, require

PROGRAM = "usr/lib/chromium/chromium-headless-shell"
_PATIENCE = 30.0

# $1 the tree, $2 the directory of pages, then the command. The browser needs /proc, which no mailer does.
_ENTER = """
for node in null zero full random urandom; do mount --bind "/dev/$node" "$1/dev/$node" || exit; done
mount -t tmpfs -o mode=1777 none "$1/tmp" && mount --bind "$2" "$1/rig" && mount -t proc proc "$1/proc" || exit
root=$1 && shift 2 && exec chroot "$root" "$@"
"""
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=/tmp/profile"),
    *("--remote-debugging-pipe", "--disable-background-networking", "--no-first-run", "about:blank"),
)


class Seen(Struct, frozen=True, kw_only=True):
    """A page as it was shown: what it logged or threw, what it asked for, how wide it is, its text, its picture."""

    complaints: tuple[str, ...]
    requests: tuple[str, ...]
    width: float
    text: str
    scripts: int
    picture: bytes


@contextmanager
def browser(tree: Tree, pages: Path) -> Iterator["Browser"]:
    """A browser that sees the pages of a directory; the test is skipped where the tree has none (in CI: fails)."""
    there = (tree.path / PROGRAM).exists() and (tree.path / "proc").is_dir()
    require(there, "the tree has no Chromium: unpack it anew with the packages of .ci/debian-packages")
    reads, writes = os.pipe(), os.pipe()
    namespaces = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child")
    shell = ("/bin/bash", "-c", f"exec 3<&{reads[0]} 4>&{writes[1]}\n{_ENTER}", "enter", str(tree.path), str(pages))
    started = subprocess.Popen(
        (*namespaces, "--", *shell, f"/{PROGRAM}", *_FLAGS),
        pass_fds=(reads[0], writes[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8"},  # noqa: S108  # its own
    )
    os.close(reads[0])
    os.close(writes[1])
    try:
        yield Browser(reads[1], writes[0])
    finally:
        os.close(reads[1])
        os.close(writes[0])
        started.kill()
        started.wait(_PATIENCE)


class Browser:
    """The end of the pipe."""

    def __init__(self, sends: int, hears: int) -> None:
        self._sends, self._hears = sends, hears
        self._number, self._rest, self._events = 0, b"", list[dict[str, Any]]()

    def see(self, name: str, width: int) -> Seen:
        """Load a page of the directory in a window of this width."""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Log", "Runtime", "Page", "Network"):
            self._ask(f"{domain}.enable", {}, session)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", size, session)
        self._events.clear()
        self._ask("Page.navigate", {"url": f"file:///rig/{name}"}, session)
        self._hear(lambda message: message.get("method") == "Page.loadEventFired")
        layout = self._ask("Page.getLayoutMetrics", {}, session)["cssContentSize"]
        shot = self._ask("Page.captureScreenshot", {"format": "png"}, session)
        text = self._value("document.body.innerText", session)
        scripts = self._value("document.querySelectorAll('script').length", session)
        seen = Seen(
            complaints=tuple(map(json.dumps, filter(_is_complaint, self._events))),
            requests=tuple(
                one["params"]["request"]["url"]
                for one in self._events
                if one.get("method") == "Network.requestWillBeSent"
            ),
            width=layout["width"],
            text=text,
            scripts=scripts,
            picture=base64.b64decode(shot["data"]),
        )
        self._ask("Target.closeTarget", {"targetId": target})
        return seen

    def _value(self, expression: str, session: str) -> Any:
        return self._ask("Runtime.evaluate", {"expression": expression}, session)["result"]["value"]

    def _ask(self, method: str, params: dict[str, Any], session: str | None = None) -> Any:
        self._number += 1
        number, about = self._number, {"sessionId": session} if session else {}
        message = {"id": number, "method": method, "params": params, **about}
        os.write(self._sends, json.dumps(message).encode() + b"\0")
        answer = self._hear(lambda one: one.get("id") == number)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _hear(self, wanted: Any) -> dict[str, Any]:
        """The next message that is wanted, or one that came already; the others are kept."""
        came: dict[str, Any] | None = next(filter(wanted, self._events), None)
        if came is not None:
            return came
        deadline = time.monotonic() + _PATIENCE
        while True:
            while b"\0" in self._rest:
                text, _, self._rest = self._rest.partition(b"\0")
                message: dict[str, Any] = json.loads(text)
                if "id" not in message:
                    self._events.append(message)
                if wanted(message):
                    return message
            ready, _, _ = select.select([self._hears], [], [], max(0.0, deadline - time.monotonic()))
            more = os.read(self._hears, 1 << 20) if ready else b""
            assert more, "the browser says nothing" if not ready else "the browser is gone"
            self._rest += more


def _is_complaint(message: dict[str, Any]) -> bool:
    return message.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")


def colours(picture: bytes) -> int:
    """How many different bytes a PNG is made of: few for a picture of nothing."""
    at, data = 8, b""
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += length + 12
    return len(set(zlib.decompress(data)))
