"""The mailboxes by the words that people type. A new kind is one file and one line here."""

from mxprobe.errors import InputError
from mxprobe.probe.mailboxes import command, imap, maildir, mbox, operator
from mxprobe.probe.mailboxes.mailbox import Kind, Mailbox, Watch

KINDS: tuple[Kind, ...] = (
    imap.KIND,
    maildir.KIND,
    mbox.KIND,
    command.KIND,
    operator.KIND,
)

__all__ = ["KINDS", "Kind", "Mailbox", "Watch", "open_mailbox"]


def open_mailbox(word: str, watch: Watch) -> Mailbox:
    """The mailbox that a word names; a bare host name is one of IMAP. Nothing is asked of any server yet.

    Raises InputError that names `watch.argument` and what would be right.
    """
    name, colon, rest = word.partition(":")
    for kind in KINDS:
        if name in kind.names and (colon or word == kind.example):
            return kind.open(word, watch)
    is_path = "/" in word and "://" not in word
    is_other_kind = bool(colon) and "://" not in word and "." not in name and not rest.isdigit()
    if not word.strip() or is_path or is_other_kind:
        raise InputError(
            f"{watch.argument}: {'what it names' if '@' in word else word or 'an empty word'} is no kind of mailbox",
            hint=f"All kinds: imap.example.com, {', '.join(kind.example for kind in KINDS)}",
        )
    return imap.KIND.open(word, watch)
