"""The stories that come with mxprobe, and how they are called: by their path without folder and suffix.

They stand in the package where it is installed, and beside it in a checkout.
"""

from functools import lru_cache
from pathlib import Path

from mxprobe.errors import MxprobeError

_PACKAGE = Path(__file__).parent.parent

STANDARD = "standard"
"""The folder of stories of roles, which are played over a zone where nothing else is named."""


def find_library() -> Path:
    """The folder of the library. Raises MxprobeError for an installation without it."""
    for folder in (_PACKAGE / "_library", _PACKAGE.parent / "scenarios"):
        if (folder / STANDARD).is_dir():
            return folder
    raise MxprobeError("this installation of mxprobe has no library of stories")


@lru_cache(maxsize=1)
def list_library() -> dict[str, Path]:
    """Every story of the library by its name: standard/refused."""
    folder = find_library()
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.yaml"))}


def find_in_library(word: str) -> dict[str, Path]:
    """The stories that a word stands for: one by its name, or all of a folder; none where there is no such."""
    word = word.rstrip("/")
    return {name: path for name, path in list_library().items() if name == word or name.startswith(f"{word}/")}


def library_words() -> tuple[str, ...]:
    """Every name of a story and of a folder of them."""
    names = list(list_library())
    return tuple(dict.fromkeys((*(name.partition("/")[0] for name in names if "/" in name), *names)))
