"""Providers whose business is mailboxes."""

from mxprobe.mx.providers.provider import Further, Grade, MxSet, Note, Provider, Role, Spf, records

_V, _O, _M = Grade.DOCUMENTED, Grade.OBSERVED, Grade.REMEMBERED
_MAILBOX = (Role.MAILBOX,)
_TOPS = "com|eu|in|com.au|jp"

MAILBOXES: tuple[Provider, ...] = (
    Provider(
        id="zoho",
        name="Zoho Mail",
        operator="Zoho",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records(
                    (10, f"mx.zoho.{{top:{_TOPS}}}"),
                    (20, f"mx2.zoho.{{top:{_TOPS}}}"),
                    (50, f"mx3.zoho.{{top:{_TOPS}}}"),
                ),
                names=_V,
                preferences=_V,
            ),
            MxSet(records=records((10, "mx.zoho.com.cn"), (20, "mx2.zoho.com.cn")), names=_V, preferences=_V),
            MxSet(records=records((None, "smtpin{n:#}.zoho.com")), names=_V),
        ),
        further=(Further(name="smtpin.zoho.com", grade=_V),),
        spf=Spf(terms=("include:zoho.com", "include:zoho.eu", "include:zoho.in", "include:zohomail.com"), grade=_O),
        notes=(
            Note(text="the end of the names is that of the data centre; there is no mx3.zoho.com.cn", grade=_V),
            Note(text="unknown user: 550 5.1.1", grade=_O),
        ),
    ),
    Provider(
        id="fastmail",
        name="Fastmail",
        operator="Fastmail",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records((10, "in1-smtp.messagingengine.com"), (20, "in2-smtp.messagingengine.com")),
                names=_V,
                preferences=_V,
            ),
        ),
        spf=Spf(terms=("include:spf.messagingengine.com",), grade=_O),
        tls=Note(text="MTA-STS as users run it", grade=_O),
        notes=(Note(text="unknown user: 550 5.1.1; a wildcard MX for addresses in sub-domains", grade=_O),),
    ),
    Provider(
        id="proton",
        name="Proton Mail",
        operator="Proton",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(records=records((10, "mail.protonmail.ch"), (20, "mailsec.protonmail.ch")), names=_O, preferences=_O),
        ),
        spf=Spf(terms=("include:_spf.protonmail.ch",), grade=_V),
        tls=Note(text="MTA-STS and DANE", grade=_M),
        notes=(Note(text="unknown user: 550 5.1.1 Address does not exist", grade=_O),),
    ),
    Provider(
        id="tuta",
        name="Tuta",
        operator="Tuta",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((10, "mail.tutanota.de")), names=_O, preferences=_O, is_pool=True),),
        spf=Spf(terms=("include:spf.tutanota.de",), grade=_O),
        tls=Note(text="MTA-STS by a CNAME to mta-sts.tutanota.de", grade=_O),
    ),
    Provider(
        id="mailbox-org",
        name="mailbox.org",
        operator="mailbox.org",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records((10, "mxext1.mailbox.org"), (10, "mxext2.mailbox.org"), (20, "mxext3.mailbox.org")),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:mailbox.org",), grade=_V),
        tls=Note(text="DANE", grade=_M),
    ),
    Provider(
        id="migadu",
        name="Migadu",
        operator="Migadu",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((10, "aspmx1.migadu.com"), (20, "aspmx2.migadu.com")), names=_O, preferences=_O),),
        spf=Spf(terms=("include:spf.migadu.com",), grade=_O),
        notes=(Note(text="needs a PTR record, of IPv6 too; unknown user: 550 5.1.1", grade=_O),),
    ),
    Provider(
        id="purelymail",
        name="Purelymail",
        operator="Purelymail",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((None, "mailserver.purelymail.com")), names=_O),),
        spf=Spf(terms=("include:_spf.purelymail.com",), grade=_M),
        notes=(Note(text="greylists by 451 4.7.1; unknown user: then 550 5.1.1", grade=_O),),
    ),
    Provider(
        id="titan",
        name="Titan, Flock",
        operator="Titan",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(records=records((10, "mx1.titan.email"), (20, "mx2.titan.email")), names=_V, preferences=_V),
            MxSet(records=records((None, "mx1.flockmail.com"), (None, "mx2.flockmail.com")), names=_V),
        ),
        spf=Spf(terms=("include:spf.titan.email", "include:spf.flockmail.com"), grade=_V),
    ),
    Provider(
        id="alibaba",
        name="Alibaba Mail",
        operator="Alibaba",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(records=records(*((5 * n, f"mx{n}.qiye.aliyun.com") for n in range(1, 4))), names=_O, preferences=_O),
        ),
        spf=Spf(terms=("include:spf.qiye.aliyun.com",), grade=_O),
    ),
    Provider(
        id="rackspace",
        name="Rackspace Email",
        operator="Rackspace",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((10, "mx1.emailsrvr.com"), (20, "mx2.emailsrvr.com")), names=_O, preferences=_M),),
        spf=Spf(terms=("include:emailsrvr.com",), grade=_O),
        notes=(Note(text="unknown user: 550 5.1.1 User unknown in relay recipient table", grade=_O),),
    ),
)
