"""Untrusted text made safe to show, and local parts made safe to publish.

Every byte a remote sends passes through `escape` before it becomes text anywhere; nothing else decodes remote bytes.
"""

import re
import unicodedata

_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LOCAL = r"""(?P<local>"[^"\r\n]{1,998}"|(?<![^\s<>@"(),:;\[\]\\])[^\s<>@"(),:;\[\]\\]+)@"""
_ADDRESS = re.compile(_LOCAL + r"(?=[\w\[.-])")
_SERVER = "IMAP "
_ACCOUNT = re.compile(
    r"\b(?P<server>IMAP \S+:\d+(?: \(STARTTLS\))? as )(?P<begin>[^@*:\s]{1,2})[^@]*?(?=@|: |[.;,]?$)", re.MULTILINE
)
"""Whose mail is looked at, as mailboxes say it: most names of accounts are local parts without their @."""

_ADDRESS_BYTES = re.compile(_LOCAL.encode() + rb"(?=[\w\[.\x80-\xff-])")


def escape(raw: bytes) -> str:
    r"""Text of `raw` that is safe on a terminal, a page and in a log.

    Valid UTF-8 that is printable stays; every other byte or character becomes `\xNN` (bytes) or `\u{N}` (characters
    without a visible form: controls, bidirectional overrides, unassigned). A backslash stays a backslash.
    """
    return escape_text(raw.decode("utf-8", "surrogateescape"))


def escape_text(text: str) -> str:
    """`text` with every character that has no visible form written out; see `escape`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_show(character) for character in text)


def _show(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x20 or 0x7F <= number < 0xA0:
        return f"\\x{number:02x}"
    if unicodedata.category(character) in _ESCAPED_CATEGORIES:
        return f"\\u{{{number:x}}}"
    return character


def mask(text: str) -> str:
    """`text` with the local part of every mail address cut to two characters: `al***@example.com`; so is the name of an
    IMAP account, with or without a domain. `you@` stays: so reports call whoever reads them, in commands to type."""
    if "@" not in text and _SERVER not in text:
        return text
    local, _, rest = text.partition("@")
    if local.isalnum() and rest[:1].isalnum() and "@" not in rest and _SERVER not in rest:  # most are one address
        return text if local == "you" else f"{local[:2]}***@{rest}"
    text = _ADDRESS.sub(_cut, text)
    return _ACCOUNT.sub(r"\g<server>\g<begin>***", text) if _SERVER in text else text


def _cut(found: re.Match[str]) -> str:
    local = found["local"]
    return found[0] if local == "you" else f"{local[:2]}***@"


def mask_bytes(raw: bytes) -> bytes:
    """`mask` for raw bytes; the length may change."""
    before, found, rest = raw.partition(b"@")
    if not found:
        return raw
    command, _, local = before.rpartition(b"<")
    if local.isalnum() and rest[:1].isalnum() and b"@" not in rest and command:  # most are one path
        return command + b"<" + local[:2] + b"***@" + rest
    return _ADDRESS_BYTES.sub(lambda match: match["local"][:2] + b"***@", raw)
