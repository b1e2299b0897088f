"""Forwarders, interfaces that take mail in for programs, and return paths."""

from mxprobe.mx.providers.provider import EndOfLife, Grade, MxSet, Note, Provider, Role, Spf, records

_V, _O, _M = Grade.DOCUMENTED, Grade.OBSERVED, Grade.REMEMBERED
_SES_SPF = Spf(terms=("include:amazonses.com",), grade=_V)
_SES_IN = "inbound-smtp.{region}.amazonaws.com"

APIS: tuple[Provider, ...] = (
    Provider(
        id="amazon-ses",
        name="Amazon SES inbound",
        operator="Amazon",
        roles=(Role.API,),
        sends=True,
        sets=(MxSet(records=records((10, _SES_IN)), names=_V, preferences=_V, is_pool=True),),
        spf=_SES_SPF,
        notes=(
            Note(text="no rule for a recipient: 550 to RCPT", grade=_M),
            Note(text="has no mailboxes to read", grade=_V),
        ),
    ),
    Provider(
        id="amazon-workmail",
        name="Amazon WorkMail",
        operator="Amazon",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(MxSet(records=records((10, _SES_IN)), names=_M, preferences=_M, is_pool=True),),
        spf=_SES_SPF,
        ends=EndOfLife(day="2027-03-31", grade=_V),
        notes=(Note(text="cannot be told from SES by its MX", grade=_V),),
    ),
    Provider(
        id="amazon-ses-return",
        name="Amazon SES return path",
        operator="Amazon",
        roles=(Role.BOUNCE,),
        sets=(
            MxSet(
                records=records((10, "feedback-smtp.{region}.amazonses.com")), names=_V, preferences=_V, is_pool=True
            ),
        ),
        spf=_SES_SPF,
        notes=(Note(text="for a sub-domain that bounces come back to", grade=_V),),
    ),
    Provider(
        id="mailgun",
        name="Mailgun",
        operator="Mailgun",
        roles=(Role.API,),
        sends=True,
        claimable=_O,
        sets=(
            MxSet(records=records((10, "mxa.mailgun.org"), (10, "mxb.mailgun.org")), names=_V, preferences=_V),
            MxSet(records=records((10, "mxa.eu.mailgun.org"), (10, "mxb.eu.mailgun.org")), names=_M, preferences=_M),
        ),
        spf=Spf(terms=("include:mailgun.org",), grade=_V),
        notes=(Note(text="all customers have the same names: what nobody has claimed can be claimed", grade=_O),),
    ),
    Provider(
        id="sendgrid",
        name="Twilio SendGrid inbound parse",
        operator="SendGrid",
        roles=(Role.API,),
        sets=(MxSet(records=records((10, "mx.sendgrid.net")), names=_O, preferences=_O, is_pool=True),),
        spf=Spf(terms=("include:sendgrid.net",), grade=_V),
        notes=(Note(text="a host that it does not know: 550", grade=_M),),
    ),
    Provider(
        id="postmark",
        name="Postmark inbound",
        operator="Postmark",
        roles=(Role.API,),
        claimable=_V,
        sets=(MxSet(records=records((10, "inbound.postmarkapp.com")), names=_V, preferences=_V, is_pool=True),),
        spf=Spf(terms=("include:spf.mtasv.net",), grade=_V),
        notes=(Note(text="one name for all customers; a wildcard is allowed", grade=_V),),
    ),
    Provider(
        id="mailersend",
        name="MailerSend inbound",
        operator="MailerSend",
        roles=(Role.API,),
        sets=(MxSet(records=records((10, "inbound.mailersend.net")), names=_V, preferences=_V, is_pool=True),),
        notes=(Note(text="for a sub-domain; what SPF needs is in its template", grade=_V),),
    ),
    Provider(
        id="sparkpost",
        name="SparkPost, Bird inbound",
        operator="SparkPost",
        roles=(Role.API,),
        sets=(
            MxSet(records=records(*((10, f"rx{n}.sparkpostmail.com") for n in range(1, 4))), names=_V, preferences=_V),
        ),
        spf=Spf(terms=("include:_spf.sparkpostmail.com",), grade=_V),
    ),
)

_CLOUDFLARE = "route1|route2|route3|amir|linda|isaac"

FORWARDERS: tuple[Provider, ...] = (
    Provider(
        id="cloudflare-routing",
        name="Cloudflare Email Routing",
        operator="Cloudflare",
        roles=(Role.FORWARDER,),
        exclusive=_V,
        has_order=False,
        sets=(
            MxSet(
                records=records(*((None, f"{word}.mx.cloudflare.net") for word in _CLOUDFLARE.split("|"))),
                names=_V,
                enough=3,
            ),
        ),
        spf=Spf(terms=("include:_spf.mx.cloudflare.net",), grade=_V),
        tls=Note(text="MTA-STS enforce, *.mx.cloudflare.net, max_age 86400, by a policy to be proxied", grade=_V),
        notes=(
            Note(text="preferences are drawn, and mean nothing", grade=_V),
            Note(text="enforces DMARC; passes on what the destination says; SRS and ARC; sends no bounces", grade=_V),
        ),
    ),
    Provider(
        id="improvmx",
        name="ImprovMX",
        operator="ImprovMX",
        roles=(Role.FORWARDER,),
        exclusive=_O,
        sets=(MxSet(records=records((10, "mx1.improvmx.com"), (20, "mx2.improvmx.com")), names=_V, preferences=_V),),
        spf=Spf(terms=("include:spf.improvmx.com",), grade=_V),
    ),
    Provider(
        id="forward-email",
        name="Forward Email",
        operator="Forward Email",
        roles=(Role.FORWARDER, Role.MAILBOX),
        sets=(
            MxSet(records=records((0, "mx1.forwardemail.net"), (0, "mx2.forwardemail.net")), names=_V, preferences=_V),
        ),
        spf=Spf(terms=("include:spf.forwardemail.net",), grade=_V),
        tls=Note(text="MTA-STS and DANE", grade=_M),
        notes=(Note(text="also with both names at 10", grade=_V),),
    ),
    Provider(
        id="namecheap-forwarding",
        name="Namecheap e-mail forwarding",
        operator="Namecheap",
        roles=(Role.FORWARDER,),
        sets=(
            MxSet(
                records=records(
                    (10, "eforward1.registrar-servers.com"),
                    (10, "eforward2.registrar-servers.com"),
                    (10, "eforward3.registrar-servers.com"),
                    (15, "eforward4.registrar-servers.com"),
                    (20, "eforward5.registrar-servers.com"),
                ),
                names=_V,
                preferences=_M,
            ),
        ),
        spf=Spf(terms=("include:spf.efwd.registrar-servers.com",), grade=_M),
        notes=(Note(text="publishes the MX records itself", grade=_V),),
    ),
    Provider(
        id="wordpress-forwarding",
        name="WordPress.com forwarding",
        operator="WordPress.com",
        roles=(Role.FORWARDER,),
        sets=(MxSet(records=records((1, "smtp-fwd.wordpress.com")), names=_V, preferences=_V, is_pool=True),),
    ),
)
