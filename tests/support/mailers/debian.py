"""The tree of unpacked Debian packages: where it is, who lives in it, how a program is run inside it."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

VARIABLE = "MXPROBE_MAILERS"
"""The environment variable that names the tree `.ci/debian` made."""

# $1 the tree, $2 the directory to mount on /rig, then the command. The mounts vanish with the new namespace.
_ENTER = 'mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/rig" && root=$1 && shift 2 && exec chroot "$root" "$@"'

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "TZ": "UTC",
}
"""All the environment programs of the tree get; PATH serves `unshare`, `mount` and `chroot` of this machine too."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a user of the tree, which the machine outside need not know."""

    uid: int
    gid: int


class Tree(msgspec.Struct, frozen=True):
    """A directory `.ci/debian` filled; shared by all tests, written to by none."""

    path: Path

    def user(self, name: str) -> User:
        """The user `name`; KeyError if the tree has none."""
        for line in (self.path / "etc/passwd").read_text().splitlines():
            login, _, uid, gid, *_ = line.split(":")
            if login == name:
                return User(uid=int(uid), gid=int(gid))
        raise KeyError(name)

    def group(self, name: str) -> int:
        """The number of the group `name`; KeyError if the tree has none."""
        for line in (self.path / "etc/group").read_text().splitlines():
            group, _, gid, *_ = line.split(":")
            if group == name:
                return int(gid)
        raise KeyError(name)

    def command(self, home: Path, argv: Sequence[str], *, alone: bool = False) -> list[str]:
        """The command line that runs `argv` inside the tree with `home` mounted on `/rig`.

        With `alone` it is the first process of a process namespace: when it ends, all it has started end with it.
        """
        namespaces = ["--mount", "--pid", "--fork", "--kill-child"] if alone else ["--mount"]
        enter = ["/bin/sh", "-c", _ENTER, "enter", str(self.path), str(home)]
        return ["unshare", *namespaces, "--", *enter, *argv]

    def run(self, home: Path, *argv: str, stdin: str = "", timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run `argv` (found on the tree's PATH) to its end; `home` is its `/rig`; stderr is folded into stdout."""
        give_resolver(home, None, keep=True)
        return subprocess.run(
            self.command(home, argv),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )


def give_resolver(home: Path, address: str | None, *, keep: bool = False) -> None:
    """Write the `/etc/resolv.conf` that programs with `home` as their `/rig` see; `keep` leaves one that is there.

    Without an address they ask 127.0.0.1, where nothing answers and nothing leaves the machine.
    """
    path = home / "resolv.conf"
    if not (keep and path.exists()):
        path.write_text(f"nameserver {address or '127.0.0.1'}\noptions timeout:1 attempts:2\n")


def require(met: bool, reason: str) -> None:
    """Skip the test when a condition is not met; in CI (`CI=true`) fail it, for there a skipped test shows nothing."""
    if met:
        return
    if os.environ.get("CI", "").lower() in {"true", "1", "yes"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def find_tree() -> Tree:
    """The tree that `MXPROBE_MAILERS` names; without one, or without root, the test is skipped (in CI: fails)."""
    named = os.environ.get(VARIABLE, "")
    require(bool(named), f"no real mailers: set {VARIABLE}, see .ci/debian")
    require((Path(named) / ".recipe").is_file(), f"no real mailers in {named}: make them with .ci/debian")
    require(os.geteuid() == 0, "real mailers need root: they run as users of their own")
    return Tree(Path(named).resolve())
