"""What a mailer may leave behind: processes in its namespaces, files in the tree it ran from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def namespaces_of(pid: int) -> dict[str, str]:
    """The mount and the process namespace a process lives in."""
    return {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in ("mnt", "pid")}


@contextmanager
def kept_namespaces(pid: int) -> Iterator[dict[str, str]]:
    """The namespaces of a process, which stay while the context lasts: else their names are soon given to others."""
    held = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("mnt", "pid")]
    try:
        yield namespaces_of(pid)
    finally:
        for descriptor in held:
            os.close(descriptor)


def inhabitants(namespaces: dict[str, str]) -> set[int]:
    """Every process that lives in one of these namespaces."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            here = namespaces_of(int(directory.name))
        except OSError:
            continue
        if here.items() & namespaces.items():
            found.add(int(directory.name))
    return found


def state_of(directory: Path) -> dict[str, int]:
    """Every directory and file of a tree with the time of its last change, in nanoseconds."""
    return {
        os.path.join(top, name): os.lstat(os.path.join(top, name)).st_mtime_ns
        for top, directories, files in os.walk(directory)
        for name in (*directories, *files)
    }
