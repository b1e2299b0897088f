"""Hosters and registrars with mailboxes for the domains of their customers."""

from mxprobe.mx.providers.provider import Further, Grade, Mx, MxSet, Note, Provider, Role, Spf, records

_V, _O, _M = Grade.DOCUMENTED, Grade.OBSERVED, Grade.REMEMBERED
_MAILBOX = (Role.MAILBOX,)
_IONOS_TOPS = "com|de|co.uk|fr|es"

HOSTERS: tuple[Provider, ...] = (
    Provider(
        id="ionos",
        name="IONOS",
        operator="IONOS",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records((10, f"mx00.ionos.{{top:{_IONOS_TOPS}}}"), (10, f"mx01.ionos.{{top:{_IONOS_TOPS}}}")),
                names=_O,
                preferences=_O,
            ),
        ),
        further=(
            Further(name="mx0{n:0|1}.kundenserver.de", grade=_M, legacy=True),
            Further(name=f"mx0{{n:0|1}}.1and1.{{top:{_IONOS_TOPS}}}", grade=_M, legacy=True),
        ),
        spf=Spf(terms=("include:_spf-eu.ionos.com", "include:_spf-us.ionos.com"), grade=_O),
        tls=Note(text="DANE", grade=_M),
        notes=(Note(text="unknown user: 550 mailbox unavailable; listed addresses: 554", grade=_O),),
    ),
    Provider(
        id="ovhcloud",
        name="OVHcloud MX Plan, Email Pro",
        operator="OVHcloud",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records(
                    (1, "mx0.mail.ovh.net"),
                    (5, "mx1.mail.ovh.net"),
                    (50, "mx2.mail.ovh.net"),
                    (100, "mx3.mail.ovh.net"),
                    (200, "mx4.mail.ovh.net"),
                ),
                names=_V,
                preferences=_V,
            ),
        ),
        spf=Spf(terms=("include:mx.ovh.com",), grade=_O),
        notes=(Note(text="no PTR record: 450 4.7.1; unknown user: 550 5.1.1", grade=_O),),
    ),
    Provider(
        id="gandi",
        name="Gandi Mail",
        operator="Gandi",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=(
                    Mx(name="spool.mail.gandi.net", preference=10),
                    Mx(name="fb.mail.gandi.net", preference=50, fallback=True),
                ),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:_mailcust.gandi.net",), grade=_O),
        notes=(Note(text="the order is often turned round by hand", grade=_O),),
    ),
    Provider(
        id="hetzner",
        name="Hetzner web hosting",
        operator="Hetzner",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(records=records((10, "mail.your-server.de")), names=_M, preferences=_M),
            MxSet(records=records((10, "www{n:#}.your-server.de")), names=_M, preferences=_M),
        ),
        spf=Spf(terms=("a", "mx"), grade=_M),
    ),
    Provider(
        id="namecheap-private-email",
        name="Namecheap Private Email",
        operator="Namecheap",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records((10, "mx1.privateemail.com"), (10, "mx2.privateemail.com")), names=_V, preferences=_V
            ),
        ),
        spf=Spf(terms=("include:spf.privateemail.com",), grade=_V),
        notes=(Note(text="unknown user: 450 4.1.1 unverified address, which is no greylisting", grade=_O),),
    ),
    Provider(
        id="godaddy",
        name="GoDaddy Workspace, Professional Email",
        operator="GoDaddy",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=records((0, "smtp.secureserver.net"), (10, "mailstore1.secureserver.net")),
                names=_V,
                preferences=_V,
            ),
        ),
        further=(Further(name="{host}.{region:europe|asia}.secureserver.net", grade=_O),),
        spf=Spf(terms=("include:secureserver.net",), grade=_V),
        notes=(
            Note(text="European mailboxes behind the names of the US refuse everybody", grade=_O),
            Note(text="unknown user: 550 5.1.1 Recipient not found", grade=_O),
        ),
    ),
    Provider(
        id="hostinger",
        name="Hostinger",
        operator="Hostinger",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((5, "mx1.hostinger.com"), (10, "mx2.hostinger.com")), names=_O, preferences=_O),),
        spf=Spf(terms=("include:_spf.mail.hostinger.com",), grade=_O),
        notes=(Note(text="unknown user: 550 5.1.1; 10 and 20 was seen, too", grade=_O),),
    ),
    Provider(
        id="infomaniak",
        name="Infomaniak",
        operator="Infomaniak",
        roles=_MAILBOX,
        sends=True,
        sets=(MxSet(records=records((5, "mta-gw.infomaniak.ch")), names=_O, preferences=_O, is_pool=True),),
        spf=Spf(terms=("include:spf.infomaniak.ch",), grade=_O),
    ),
    Provider(
        id="hosting-de",
        name="hosting.de",
        operator="hosting.de",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=(
                    *records(*((10, f"mx0{n}.hosting.de") for n in range(1, 4))),
                    Mx(name="mxbackup.hosting.de", preference=20, fallback=True),
                ),
                names=_V,
                preferences=_V,
            ),
        ),
    ),
    Provider(
        id="bluehost",
        name="Bluehost, HostGator",
        operator="Bluehost",
        roles=_MAILBOX,
        sends=True,
        nameless="its MX is mail.<domain>, in the customer's own domain, at preference 0",
        spf=Spf(terms=("include:websitewelcome.com", "a", "mx"), grade=_V),
        notes=(Note(text="certificates are often for another name (MX707)", grade=_M),),
    ),
    Provider(
        id="one-com",
        name="one.com",
        operator="one.com",
        roles=_MAILBOX,
        further=(Further(name="{host:**}.one.com", grade=_O),),
        spf=Spf(terms=("include:_custspf.one.com",), grade=_M),
    ),
    Provider(
        id="mxroute",
        name="MXroute",
        operator="MXroute",
        roles=_MAILBOX,
        sends=True,
        sets=(
            MxSet(
                records=(
                    Mx(name="{server}.mxrouting.net", preference=10),
                    Mx(name="{server}-relay.mxrouting.net", preference=20, fallback=True),
                ),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:mxroute.com", "include:mxlogin.com"), grade=_O),
    ),
)
