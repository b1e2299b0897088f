"""The stories that come with mxprobe are found in a checkout, in an installed package, and by their names."""

import shutil
import tomllib
from pathlib import Path

import pytest

from mxprobe.errors import InputError, MxprobeError
from mxprobe.jobs import library
from mxprobe.jobs.gather import find_stories, gather
from mxprobe.jobs.library import find_in_library, find_library

CHECKOUT = Path(__file__).parents[2]


def test_in_a_checkout_it_stands_beside_the_package() -> None:
    assert find_library() == CHECKOUT / "scenarios"


def test_a_wheel_has_it_where_an_installed_package_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    ((source, target),) = wheel["force-include"].items()
    shutil.copytree(CHECKOUT / source, tmp_path / target)
    monkeypatch.setattr(library, "_PACKAGE", tmp_path / "mxprobe")

    assert find_library() == tmp_path / "mxprobe" / "_library"


def test_an_installation_without_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_PACKAGE", tmp_path / "mxprobe")

    with pytest.raises(MxprobeError, match="no library"):
        find_library()


def test_a_word_is_a_story_or_a_folder_of_them() -> None:
    assert list(find_in_library("standard/refused")) == ["standard/refused"]
    assert len(find_in_library("standard/")) >= 14
    assert find_in_library("stand") == {}


def test_what_is_no_path_is_a_name_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_stories(["standard/refused"]) == (CHECKOUT / "scenarios" / "standard" / "refused.yaml",)
    assert gather(("standard/refused",))[0].scenario.path == "standard/refused"
    with pytest.raises(InputError, match="no such file"):
        find_stories(["standard/none"])


def test_without_a_path_and_a_zone_there_is_nothing_to_play() -> None:
    with pytest.raises(InputError, match="nothing to play"):
        gather(())


def test_folders_and_links_that_are_called_as_stories_end_in_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InputError, match="no scenario file"):
        gather((tmp_path,))

    (tmp_path / "link.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(InputError, match=r"link\.yaml: the file cannot be read: No such file"):
        gather((tmp_path,))

    plan = tmp_path / "plan.yaml"
    plan.write_text("story: a\ndomain: a.test\nzone: zone\nplay: [link.yaml]\n")
    (tmp_path / "zone").write_text("@ IN MX 10 a\na IN A 192.0.2.1\n")
    with pytest.raises(InputError, match="link"):
        gather((plan,))
