"""The tree of unpacked Debian packages: where it is, who lives in it, how a program is run inside it."""

import fcntl
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import MxprobeError

VARIABLE = "MXPROBE_MAILERS"
"""The environment variable that names the tree which `unpack` has made."""

# $1 the tree, $2 the directory to mount on /rig, $3 user and group, then the command. What lies below on/ is mounted at
# its place in the tree, and /tmp is new. The mounts vanish with the new namespace.
_ENTER = """
for node in null zero full random urandom; do mount --bind "/dev/$node" "$1/dev/$node" || exit; done
mount -t tmpfs -o mode=1777 none "$1/tmp" || exit
for at in run var/spool/smtpd; do
    if [ -d "$2/on/$at" ]; then mount --bind "$2/on/$at" "$1/$at" || exit; fi
done
mount --bind "$2" "$1/rig" && root=$1 as=$3 && shift 3 && exec chroot --userspec="$as" "$root" "$@"
"""

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "TZ": "UTC",
}
"""All the environment programs of the tree get; PATH serves `unshare`, `mount` and `chroot` of this machine too."""


class User(Struct, frozen=True, kw_only=True):
    """The numbers of a user of the tree, which the machine outside need not know."""

    uid: int
    gid: int


class Tree(Struct, frozen=True):
    """A directory that `unpack` has filled; shared by all plays, written to by none."""

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

    def command(self, home: Path, argv: Sequence[str], *, alone: bool = False, group: str | None = None) -> list[str]:
        """The command line that runs `argv` inside the tree with `home` mounted on `/rig`, as root.

        With `alone` it is the first process of a process namespace: when it ends, all it has started end with it.
        `group` is one of the tree's, root's own where none is named: it stands for what an installed program would be
        set to by its mode, which not every file system honours.
        """
        namespaces = ["--mount", "--pid", "--fork", "--kill-child"] if alone else ["--mount"]
        runs_as = f"+0:+{0 if group is None else self.group(group)}"
        enter = ["/bin/sh", "-c", _ENTER, "enter", str(self.path), str(home), runs_as]
        return ["unshare", *namespaces, "--", *enter, *argv]

    def run(
        self, home: Path, *argv: str, stdin: str = "", timeout: float = 30, group: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` (found on the tree's PATH) to its end; `home` is its `/rig`; stderr is folded into stdout."""
        give_resolver(home, None, keep=True)
        return subprocess.run(
            self.command(home, argv, group=group),
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
        path.write_text(f"nameserver {address or '127.0.0.1'}\noptions timeout:5 attempts:1 trust-ad edns0\n")


def find_tree() -> Tree:
    """The tree that `MXPROBE_MAILERS` names. Raises MxprobeError, with what to do, without one or without root."""
    named = os.environ.get(VARIABLE, "")
    if not named or not (Path(named) / ".recipe").is_file():
        where = f"{VARIABLE} names no tree of theirs: {named}" if named else f"{VARIABLE} is not set"
        how = f"on Debian, as root: mxprobe measure --unpack DIR, then export {VARIABLE}=DIR"
        raise MxprobeError(f"real mailers are not here ({where}); {how}")
    if os.geteuid() != 0:
        raise MxprobeError("real mailers need root: they run as users of their own, in a network of their own")
    path = Path(named).resolve()
    _share(path)
    return Tree(path)


def _share(tree: Path) -> None:
    """Keep the tree from being unpacked anew while this program runs; waits for an unpacking that is on its way."""
    if tree not in _SHARED:
        lock = os.open(f"{tree}.lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_SH)
        _SHARED[tree] = lock


_SHARED: dict[Path, int] = {}
"""The locks that are held until this program ends, by tree."""


def unpack(directory: Path, extra: Sequence[str] = ()) -> None:
    """Unpack Debian's mailers, and packages beside them, into a tree. Raises MxprobeError with what the script said."""
    script = Path(__file__).with_name("unpack.sh")
    done = subprocess.run(
        ("/bin/bash", str(script), str(directory), *extra), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise MxprobeError(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the mailers did not unpack"
        )
