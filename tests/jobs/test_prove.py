"""What a proof does with mailboxes beside watching them: one look before anything is sent, and cleaning in the end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, InputError, MxprobeError
from mxprobe.facts.proof import TOKEN_HEADER, Proof
from mxprobe.facts.session import Endpoint
from mxprobe.jobs import prove as job
from mxprobe.jobs.prove import Prepared, ProveOptions, carry_out, load_proof, resume
from mxprobe.jobs.saved import MOST_OCTETS
from mxprobe.mx.labelled import Author
from mxprobe.probe.mailboxes.mailbox import Watch
from mxprobe.probe.planning import Wanted
from mxprobe.wire.imapline import MailboxRefused
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.secret import Secret
from tests.support.imap_server import NAME, imap_server
from tests.support.proofs import MX1, MX2, proof, route, taken

OURS = f"{TOKEN_HEADER}: t20\nSubject: a drill\n\nbody\n".encode()
OTHER = b"Subject: hello\n\nX-Mxprobe-Token: t20\n"
REPORT = (
    'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
    "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; b.test\n\n"
    "Final-Recipient: rfc822; alice@example.test\nAction: failed\nStatus: 5.1.1\n"
    f"--B\nContent-Type: text/rfc822-headers\n\n{TOKEN_HEADER}: t10\n--B--\n"
).encode()


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Endpoint]:
    """Whom somebody wanted to speak with; nobody is there."""
    asked: list[Endpoint] = []

    async def connect(endpoint: Endpoint) -> Any:
        asked.append(endpoint)
        raise ConnectionRefusedError

    monkeypatch.setattr(job, "connect", connect)
    return asked


async def _no_name(*_: object) -> Any:
    raise OSError("no name server")


def _prepared(known: Proof, **otherwise: object) -> Prepared:
    options = ProveOptions(**{"watch": 0.0, **otherwise})  # type: ignore[arg-type]
    wanted = Wanted(author=Author(mail_from="", helo="probe.test"), watch=options.watch, again=None)
    return Prepared(proof=known, wanted=wanted, resolver=Resolver(_no_name, ()), options=options)


def _box(folder: Path, **messages: bytes) -> Path:
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True)
    for name, content in messages.items():
        (folder / "new" / name).write_bytes(content)
    return folder


PLANNED = proof(replace(route(MX1), begun_at=None))
SENT = proof(route(MX1, taken(MX1)), route(MX2, taken(MX2)))


def _silent(_: str) -> None:
    """Nobody is told."""


@pytest.mark.parametrize("box", ["mailbox", "returns"])
async def test_a_mailbox_that_cannot_be_looked_at_is_found_out_before_anything_is_sent(
    box: str, connected: list[Endpoint], tmp_path: Path
) -> None:
    watching = Watch(password=Secret("hunter2"), limit=2.0)
    prepared = _prepared(PLANNED, **{box: "imap://alice@127.0.0.1:1", "watching": watching})

    with pytest.raises(CouldNotLook, match=r"127\.0\.0\.1"):
        await carry_out(prepared, tmp_path / "proof.json", _silent)

    assert connected == []
    assert not (tmp_path / "proof.json").exists()
    assert not (tmp_path / "state").exists()


async def test_a_wrong_password_is_found_out_before_anything_is_sent(connected: list[Endpoint], tmp_path: Path) -> None:
    async with imap_server(tmp_path, {b"LOGIN": b"%b NO wrong\r\n"}) as server:
        watching = Watch(password=Secret("hunter2"), cafile=server.account.cafile, limit=5.0)
        where = f"imap://alice@{NAME}:{server.account.port}"
        prepared = _prepared(PLANNED, mailbox=where, watching=watching, when_down=(MX2,))

        with pytest.raises(MailboxRefused, match="does not let alice in"):
            await carry_out(prepared, tmp_path / "proof.json", _silent)

    assert connected == []


async def test_after_the_look_the_messages_are_sent(connected: list[Endpoint], tmp_path: Path) -> None:
    box = _box(tmp_path / "box")

    proved = await carry_out(_prepared(PLANNED, mailbox=f"maildir:{box}"), tmp_path / "proof.json", _silent)

    assert [one.host for one in connected] == [MX1]
    assert proved.cleaned is None


async def test_clean_takes_our_messages_and_reports_out_of_both_boxes(tmp_path: Path) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS, other=OTHER, else_one=OURS.replace(b"t20", b"t2"))
    returns = _box(tmp_path / "returns", report=REPORT, other=OTHER)
    told: list[str] = []
    options = {"mailbox": f"maildir:{mailbox}", "returns": f"maildir:{returns}", "clean": True}

    proved = await carry_out(_prepared(SENT, **options), tmp_path / "proof.json", told.append)

    assert proved.cleaned is not None
    assert (proved.cleaned.removed, proved.cleaned.troubles) == (2, ())
    assert sorted(path.name for path in mailbox.rglob("new/*")) == ["else_one", "other"]
    assert [path.name for path in returns.rglob("new/*")] == ["other"]
    assert len(proved.proof.routes[1].copies) == 1
    assert len(load_proof(tmp_path / "proof.json").routes[0].bounces) == 1


async def test_nothing_is_removed_unless_it_is_wanted(tmp_path: Path) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS)

    proved = await carry_out(_prepared(SENT, mailbox=f"maildir:{mailbox}"), tmp_path / "proof.json", _silent)

    assert proved.cleaned is None
    assert [path.name for path in mailbox.rglob("new/*")] == ["ours"]


async def test_an_interrupted_proof_leaves_the_mailbox_as_it_is(tmp_path: Path) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS)
    looked = asyncio.Event()
    prepared = _prepared(SENT, mailbox=f"maildir:{mailbox}", clean=True, watch=3600.0)
    journal = tmp_path / "proof.json"

    async def interrupt(task: asyncio.Task[Any]) -> None:
        while not (journal.exists() and load_proof(journal).routes[1].copies):  # noqa: ASYNC110 (see below)
            await asyncio.sleep(0)  # the watch is what is waited for, and it sets nothing
        task.cancel()
        looked.set()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(carry_out(prepared, journal, _silent))
        group.create_task(interrupt(running))

    assert looked.is_set()
    assert not running.result().proof.complete
    assert running.result().cleaned is None
    assert [path.name for path in mailbox.rglob("new/*")] == ["ours"]


async def test_a_box_that_cannot_be_cleaned_is_told_and_the_proof_still_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS)
    prepared = _prepared(SENT, mailbox=f"maildir:{mailbox}", clean=True)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    proved = await carry_out(prepared, tmp_path / "proof.json", _silent)

    assert proved.cleaned is not None
    assert proved.cleaned.removed == 0
    assert proved.cleaned.troubles == (f"{mailbox}/new/ours: cannot be removed: Permission denied",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mailbox": "command:true"}, "--clean: nothing can be removed from --mailbox command"),
        ({"mailbox": "token"}, "--clean: nothing can be removed from --mailbox token"),
        ({"mailbox": "maildir", "returns": "command:true"}, "--clean: nothing can be removed from --returns command"),
        ({}, "--clean: no mailbox is named"),
    ],
)
async def test_what_cannot_be_cleaned_is_refused_before_anything_is_sent(
    options: dict[str, str], says: str, tmp_path: Path
) -> None:
    box = _box(tmp_path / "box")
    boxes = {name: options.get(name, "").replace("maildir", f"maildir:{box}") for name in ("mailbox", "returns")}
    journal = tmp_path / "proof.json"
    job.keep(SENT, journal)

    with pytest.raises(InputError, match=says):
        await resume(journal, ProveOptions(clean=True, mailbox=boxes["mailbox"], returns=boxes["returns"]))


async def test_a_resumed_proof_is_cleaned_too(tmp_path: Path) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS)
    journal = tmp_path / "proof.json"
    job.keep(SENT, journal)
    options = ProveOptions(clean=True, mailbox=f"maildir:{mailbox}", watch=0.0, nameservers=("127.0.0.1:1",))

    prepared = await resume(journal, options)
    proved = await carry_out(replace(prepared, resolver=Resolver(_no_name, ())), journal, _silent)

    assert proved.cleaned is not None
    assert proved.cleaned.removed == 1
    assert len(proved.proof.routes[1].copies) == 1


async def test_a_farewell_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = _box(tmp_path / "box", ours=OURS)

    async def fail(_: object) -> None:
        raise MxprobeError("no answer")

    monkeypatch.setattr("mxprobe.probe.mailboxes.maildir.Maildir.close", fail)
    proved = await carry_out(_prepared(SENT, mailbox=f"maildir:{mailbox}"), tmp_path / "proof.json", _silent)

    assert len(proved.proof.routes[1].copies) == 1


def test_a_proof_that_does_not_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    endless = tmp_path / "proof.json"
    with endless.open("wb") as file:
        file.truncate(MOST_OCTETS + 1)

    with pytest.raises(InputError, match=f"proof.json: the file has more than {MOST_OCTETS} octets"):
        load_proof(endless)
