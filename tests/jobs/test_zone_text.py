"""The text of a zone file, from a file or standard input: any way to end lines, and no more than there may be."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs import zone_text
from mxprobe.jobs.zone_text import read_zone_text


@pytest.mark.parametrize("raw", [b"a\nb\n", b"a\r\nb\r\n", b"a\rb\r", b"\xef\xbb\xbfa\nb\n"])
def test_lines_end_in_any_way(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "db"
    file.write_bytes(raw)

    assert read_zone_text(file) == "a\nb\n"


def test_what_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "db"
    file.write_bytes(b"; a\n; b\n; \xfc\n")

    with pytest.raises(InputError, match=r"db:3: the zone is not UTF-8 \(octet 0xfc here\)"):
        read_zone_text(file)


def test_no_more_is_read_than_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_text, "MOST_OCTETS", 1 << 20)
    file, endless = tmp_path / "db", io.BytesIO(b";" * (1 << 22))
    file.write_bytes(b";" * ((1 << 20) + 1))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=endless))

    with pytest.raises(InputError, match=r"db: the zone has more than 1 MiB"):
        read_zone_text(file)
    with pytest.raises(InputError, match=r"standard input: the zone has more than 1 MiB"):
        read_zone_text(Path("-"))
    assert endless.tell() == (1 << 20) + 1


def test_a_folder_is_no_zone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the zone cannot be read"):
        read_zone_text(tmp_path)
