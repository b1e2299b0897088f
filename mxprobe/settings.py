"""The settings of a person or machine: defaults, then a file, then the environment; flags come on top in cli.

Only jobs and cli read these; the rooms below are handed structs. The file is TOML, named by MXPROBE_SETTINGS; each
key is also an environment variable, MXPROBE_TIMEOUT for `timeout`, lists separated by spaces.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place

FILE_VARIABLE = "MXPROBE_SETTINGS"
_LISTS = ("nameservers", "controls", "dnsbls")


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds. `authority_port` is where a zone's own name servers are asked,
    `contact` whom to write to about the messages of `mxprobe prove` (an address or a URL).

    `controls` are mail hosts of other operators ("NAME" or "ADDRESS", with ":PORT" where it is not 25). Each gets
    one connection, and only when every public address of a domain failed: to tell "port 25 is blocked here" from "they
    are down". Set it to your own hosts elsewhere, or to nothing. `dnsbls` are the zones of lists of addresses that are
    asked about the MX hosts; none is unless you name it. `bogus_name` is a name whose DNSSEC signatures do not hold: a
    resolver that validates fails there ("": it is not asked for).
    """

    nameservers: tuple[str, ...] = ()
    authority_port: int = 53
    helo: str | None = None
    port: int = 25
    contact: str = ""
    timeout: float = 60.0
    attempts: int = 3
    spacing: float = 20.0
    bogus_name: str = "dnssec-failed.org"
    controls: tuple[str, ...] = ("gmail-smtp-in.l.google.com", "mx01.mail.icloud.com", "mta7.am0.yahoodns.net")
    dnsbls: tuple[str, ...] = ()


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that hold here. Raises InputError naming the file and key, or the variable, that cannot be right."""
    environment = os.environ if environment is None else environment
    values = dict[str, Any]()
    if file := environment.get(FILE_VARIABLE):
        values = _read_file(Path(file))
        _convert(values, f"{file}: ", strict=True)
    for key in Settings.__struct_fields__:
        variable = f"MXPROBE_{key.upper()}"
        if (text := environment.get(variable)) or (text is not None and key in _LISTS):
            value: Any = text.split() if key in _LISTS else text
            _convert({key: value}, f"{variable}: ", strict=False)
            values[key] = value
    return _convert(values, "", strict=False)


def _read_file(path: Path) -> dict[str, Any]:
    import tomllib  # few machines have such a file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the settings: {error.strerror}", place=Place(str(path))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the settings are not TOML: {error}", place=Place(str(path))) from error


def _convert(values: dict[str, Any], where: str, *, strict: bool) -> Settings:
    try:
        settings = msgspec.convert(values, Settings, strict=strict)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}{error}", hint=f"All settings: {', '.join(Settings.__struct_fields__)}.") from error
    for key in ("port", "authority_port", "timeout", "attempts"):
        if getattr(settings, key) <= 0:
            raise InputError(f"{where}{key} must be more than 0, not {getattr(settings, key)}")
    if max(settings.port, settings.authority_port) > 65535 or settings.spacing < 0:
        raise InputError(f"{where}a port is at most 65535, and a spacing at least 0")
    return settings
