"""What the mailers' logs say of recipients, read from lines that they have written."""

import pytest

from mxprobe.lab.mta import exim, opensmtpd, postfix, sendmail
from mxprobe.lab.mta.mailer import Ended, Noted

POSTFIX = """\
Nov 23 21:24:00 own postfix/qmgr[9]: 2791D222972: from=<bob@origin.test>, size=188, nrcpt=1 (queue active)
Nov 23 21:24:00 own postfix/smtpd[11]: NOQUEUE: reject: RCPT from unknown[198.51.100.11]: 454 4.7.1 \
<x@elsewhere.test>: Relay access denied; from=<bob@origin.test> to=<x@elsewhere.test> proto=ESMTP helo=<client.test>
Nov 23 21:24:00 own postfix/smtp[16]: 2791D222972: to=<ghost@example.test>, relay=mx1.test[198.51.100.11]:25, \
delay=0.05, delays=0.01/0.01/0.01/0.01, dsn=5.1.1, status=bounced (host mx1.test[198.51.100.11] said: \
550 5.1.1 No such user (in reply to RCPT TO command))
Nov 23 21:24:00 own postfix/smtp[19]: 317422229EE: to=<bob@origin.test>, relay=mx1.test[198.51.100.11]:25, delay=0.01, \
delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov 23 21:24:01 own postfix/smtp[17]: 2996A222AD3: to=<a@dead.test>, relay=none, delay=1, delays=0/0.01/1/0, \
dsn=4.4.1, status=deferred (connect to mx.dead.test[198.51.100.12]:25: Connection refused)
Nov 23 21:24:01 own postfix/virtual[21]: 2E1AF222AD5: to=<alice@kept.test>, relay=virtual, delay=0.01, \
delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
Nov 23 21:24:02 own postfix/smtp[17]: 2E1AF222AD6: to=<gone@example.test>, relay=mx1.test[198.51.100.11]:25, delay=1, \
delays=0/0/0/0, dsn=5.1.1, status=undeliverable (host mx1.test[198.51.100.11] said: 550 5.1.1 No such user \
(in reply to RCPT TO command))
"""
EXIM = """\
2026-11-23 21:26:54 Start queue run: pid=8
2026-11-23 21:26:54 H=(client.test) [198.51.100.99] F=<bob@origin.test> rejected RCPT <x@elsewhere.test>: relay not \
permitted
2026-11-23 21:26:54 1xVbYs-00000D-2U <= bob@origin.test H=(client.test) [198.51.100.99] P=esmtp S=241
2026-11-23 21:26:54 1xVbYs-00000D-2U => alice <alice@kept.test> R=mailbox T=maildir
2026-11-23 21:26:54 1xVbYs-00000D-2U Completed
2026-11-23 21:26:55 1xVbMy-00000F-22 ** ghost@example.test R=elsewhere T=remote_smtp H=mx1.test [198.51.100.11]: SMTP \
error from remote mail server after RCPT TO:<ghost@example.test>: 550 5.1.1 No such user
2026-11-23 21:26:55 1xVbMy-00000N-2h == a@dead.test R=elsewhere T=remote_smtp defer (111): Connection refused
2026-11-23 21:26:55 1xVbMz-00000R-08 => Bob@origin.test R=elsewhere T=remote_smtp H=mx1.test [198.51.100.11] \
C="250 2.0.0 Ok"
"""
OPENSMTPD = """\
8213a78a8fdfa0a2 smtp envelope evpid=c2100df3a80a57ee from=<bob@origin.test> to=<alice@example.test>
8213a7970012350e smtp failed-command command="rcpt TO:<x@elsewhere.test>" result="550 Invalid recipient: \
<x@elsewhere.test>"
8213a799d29fd0b5 mda delivery evpid=afc77adf0b9f5fbe from=<bob@origin.test> to=<alice@kept.test> \
rcpt=<alice@kept.test> user=mail delay=0s result=Ok stat=Delivered
8213a78dffa26245 mta delivery evpid=c2100df3a80a57ee from=<bob@origin.test> to=<alice@example.test> rcpt=<-> \
source="198.51.100.25" relay="198.51.100.11 (198.51.100.11)" delay=0s result="Ok" stat="250 2.0.0 Ok"
8213a78dffa26245 mta delivery evpid=4d9ad1c6a6ec9ab6 from=<bob@origin.test> to=<ghost@example.test> rcpt=<-> \
source="198.51.100.25" relay="198.51.100.11 (198.51.100.11)" delay=0s result="PermFail" stat="550 5.1.1 No such user"
0000000000000000 mta delivery evpid=55727de080209872 from=<bob@origin.test> to=<a@dead.test> rcpt=<-> source="-" \
relay="dead.test" delay=11s result="TempFail" stat="Network error on destination MXs"
"""
SENDMAIL = """\
<22>Nov 23 21:14:55 sendmail[9]: 6ANLEtOt000009: from=<bob@origin.test>, size=15, class=0, nrcpts=1, \
msgid=<202611232114.6ANLEtOt000009@own.test>, proto=ESMTP, daemon=MTA-inet, relay=[198.51.100.99]
<21>Nov 23 21:14:55 sendmail[24]: 6ANLEtGV000024: ruleset=check_rcpt, arg1=<x@elsewhere.test>, \
relay=[198.51.100.11], reject=550 5.7.1 <x@elsewhere.test>... Relaying denied. IP name lookup failed [198.51.100.11]
<22>Nov 23 21:14:55 sendmail[14]: 6ANLEtNB000012: to=<ghost@example.test>, delay=00:00:00, xdelay=00:00:00, \
mailer=esmtp, pri=30015, relay=mx1.test. [198.51.100.11], dsn=5.1.1, reply=550 5.1.1 No such user, stat=User unknown
<22>Nov 23 21:14:55 sendmail[14]: 6ANLEtNB000012: 6ANLEtNB000014: DSN: User unknown
<22>Nov 23 21:14:55 sendmail[17]: 6ANLEt6c000015: to=<a@dead.test>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, \
pri=30015, relay=mx.dead.test. [198.51.100.12], dsn=4.4.1, stat=Deferred: Connection refused by mx.dead.test.
<22>Nov 23 21:14:55 sendmail[11]: 6ANLEtOt000009: to=<alice@example.test>,<bob@example.test>, delay=00:00:00, \
xdelay=00:00:00, mailer=esmtp, pri=30015, relay=mx1.test. [198.51.100.11], dsn=2.0.0, stat=Sent (2.0.0 Ok)
<22>Nov 23 21:14:55 sendmail[25]: 6ANLEtCd000025: to=<alice@own.test>, delay=00:00:00, mailer=local, pri=30015, \
stat=queued
<22>Nov 23 21:20:26 sendmail[25]: 6ANLKQ3w000023: to=<alice@kept.test>, delay=00:00:00, xdelay=00:00:00, \
mailer=maildir, pri=30015, relay=here, dsn=2.0.0, stat=Sent
"""

OF_POSTFIX = (
    ("ghost@example.test", Ended.BOUNCED, "mx1.test[198.51.100.11]:25", "550 5.1.1 No such user"),
    ("bob@origin.test", Ended.DELIVERED, "mx1.test[198.51.100.11]:25", "250 2.0.0 Ok"),
    ("a@dead.test", Ended.DEFERRED, "none", "Connection refused"),
    ("alice@kept.test", Ended.DELIVERED, "virtual", "delivered to maildir"),
)
OF_EXIM = (
    ("alice@kept.test", Ended.DELIVERED, "", "T=maildir"),
    ("ghost@example.test", Ended.BOUNCED, "mx1.test [198.51.100.11]", "550 5.1.1 No such user"),
    ("a@dead.test", Ended.DEFERRED, "", "Connection refused"),
    ("bob@origin.test", Ended.DELIVERED, "mx1.test [198.51.100.11]", "250 2.0.0 Ok"),
)
OF_OPENSMTPD = (
    ("alice@kept.test", Ended.DELIVERED, "", "Delivered"),
    ("alice@example.test", Ended.DELIVERED, "198.51.100.11 (198.51.100.11)", "250 2.0.0 Ok"),
    ("ghost@example.test", Ended.BOUNCED, "198.51.100.11 (198.51.100.11)", "550 5.1.1 No such user"),
    ("a@dead.test", Ended.DEFERRED, "dead.test", "Network error on destination MXs"),
)
OF_SENDMAIL = (
    ("ghost@example.test", Ended.BOUNCED, "mx1.test. [198.51.100.11]", "550 5.1.1 No such user"),
    ("a@dead.test", Ended.DEFERRED, "mx.dead.test. [198.51.100.12]", "Connection refused by mx.dead.test."),
    ("alice@example.test", Ended.DELIVERED, "mx1.test. [198.51.100.11]", "Sent (2.0.0 Ok)"),
    ("bob@example.test", Ended.DELIVERED, "mx1.test. [198.51.100.11]", "Sent (2.0.0 Ok)"),
    ("alice@kept.test", Ended.DELIVERED, "here", "Sent"),
)


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        pytest.param(postfix.read_log(POSTFIX), OF_POSTFIX, id="postfix"),
        pytest.param(exim.read_log(EXIM), OF_EXIM, id="exim"),
        pytest.param(opensmtpd.read_log(OPENSMTPD), OF_OPENSMTPD, id="opensmtpd"),
        pytest.param(sendmail.read_log(SENDMAIL), OF_SENDMAIL, id="sendmail"),
    ],
)
def test_a_log_is_read_in_order_and_nothing_else_in_it_counts(
    noted: tuple[Noted, ...], expected: tuple[tuple[str, Ended, str, str], ...]
) -> None:
    assert [(one.recipient, one.how, one.host) for one in noted] == [one[:3] for one in expected]
    assert all(words in one.words for one, (*_, words) in zip(noted, expected, strict=True)), noted
