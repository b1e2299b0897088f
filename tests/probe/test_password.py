"""A password comes from a file, a command or the environment, and shows up nowhere."""

import os
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest

from mxprobe.errors import CouldNotLook, InputError, MxprobeError
from mxprobe.probe.mailboxes.password import PasswordSource, read_password
from mxprobe.wire.secret import Secret

WORD = "hunter2-hünter2"


@pytest.fixture(autouse=True)
def _no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MXPROBE_IMAP_PASSWORD", raising=False)


def written(tmp_path: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file with a password in it."""
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(mode)
    return path


async def test_a_password_is_read_from_a_file_a_command_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, f"{WORD}\r\na second line\n".encode())
    sources = (PasswordSource(file=path), PasswordSource(command=f"cat {path}"), PasswordSource())
    assert await read_password(PasswordSource()) is None
    monkeypatch.setenv("MXPROBE_IMAP_PASSWORD", WORD)

    for source in sources:
        secret = await read_password(source)
        assert secret is not None
        assert secret.reveal() == WORD
    assert [source.described for source in sources] == [
        f"the file {path}",
        "--password-command",
        "MXPROBE_IMAP_PASSWORD",
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o601])
async def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, WORD.encode(), mode)

    with pytest.raises(InputError, match=f"others may read or change it .mode {mode:04o}.\nMake it yours .* 600"):
        await read_password(PasswordSource(file=path))


def shown(error: BaseException) -> str:
    """All that a careless program may show of an error."""
    found = [str(error), repr(error)]
    report: BaseException | None = error
    while report is not None:
        told = traceback.TracebackException.from_exception(report, capture_locals=True)
        found += [str(report), *(str(frame.locals) for frame in told.stack if "/tests/" not in frame.filename)]
        report = report.__context__
    return "\n".join(found)


@pytest.mark.parametrize("content", [b"", b"\n", b"hunter2\x07\n", b"hunter2\xff\n"])
async def test_what_can_be_no_password_is_refused_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = written(tmp_path, content)
    monkeypatch.setenv("MXPROBE_IMAP_PASSWORD", os.fsdecode(content.rstrip(b"\n")))

    for source in (PasswordSource(file=path), PasswordSource(command=f"cat {path}"), PasswordSource()):
        with pytest.raises(InputError, match="password") as caught:
            await read_password(source)
        assert "hunter2" not in shown(caught.value)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("sh -c 'cat {path}; cat {path} >&2; exit 1'", InputError),
        ("sh -c 'cat {path}; exec sleep 60'", CouldNotLook),
        ("no-such-program-here", InputError),
    ],
)
async def test_a_command_that_gives_no_password_shows_none(
    tmp_path: Path, command: str, kind: type[MxprobeError]
) -> None:
    path = written(tmp_path, b"hunter2-hunter2\n")

    with pytest.raises(kind) as caught:
        await read_password(PasswordSource(command=command.format(path=path), limit=0.5))

    assert "hunter2" not in shown(caught.value)


async def test_two_sources_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one of them"):
        await read_password(PasswordSource(file=tmp_path, command="cat"))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        await read_password(PasswordSource(file=tmp_path / "nothing"))


def test_a_secret_prints_as_stars_and_is_not_saved() -> None:
    secret = Secret(WORD)

    assert {repr(secret), str(secret), f"{secret}", "%s" % secret, "{}".format(secret)} == {"***"}  # noqa: UP031, UP032
    assert repr({"password": (secret,)}) == "{'password': (***,)}"
    for save in (pickle.dumps, msgspec.json.encode):
        with pytest.raises(TypeError):
            save(secret)
    with pytest.raises(TypeError):
        vars(secret)
