"""Filters in front of somebody's mailboxes, and services that keep mail while a primary is down."""

from mxprobe.mx.providers.provider import Further, Grade, Mx, MxSet, Note, Provider, Role, Spf, records

_V, _O, _M = Grade.DOCUMENTED, Grade.OBSERVED, Grade.REMEMBERED
_FILTER = (Role.GATEWAY,)

GATEWAYS: tuple[Provider, ...] = (
    Provider(
        id="proofpoint",
        name="Proofpoint Enterprise",
        operator="Proofpoint",
        roles=_FILTER,
        sets=(
            MxSet(records=records((None, "mx0a-{id}.pphosted.com"), (None, "mx0b-{id}.pphosted.com")), names=_O),
            MxSet(
                records=records((None, "mxa-{id}.gslb.pphosted.com"), (None, "mxb-{id}.gslb.pphosted.com")), names=_O
            ),
        ),
        spf=Spf(terms=("include:spf-{id}.pphosted.com",), grade=_O),
        notes=(
            Note(text="both names at one preference", grade=_O),
            Note(text="addresses that it does not know are refused by policy", grade=_M),
        ),
    ),
    Provider(
        id="proofpoint-essentials",
        name="Proofpoint Essentials",
        operator="Proofpoint",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records((10, "mx1-{region}.ppe-hosted.com"), (20, "mx2-{region}.ppe-hosted.com")),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("a:dispatch-{region}.ppe-hosted.com", "include:_spf-{region}.ppe-hosted.com"), grade=_O),
        tls=Note(text="MTA-STS policies that name both hosts", grade=_O),
        notes=(Note(text="a host to fail over to only where it is always available", grade=_V),),
    ),
    Provider(
        id="mimecast",
        name="Mimecast",
        operator="Mimecast",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records(
                    (10, "{region}-smtp-inbound-1.mimecast.com"), (10, "{region}-smtp-inbound-2.mimecast.com")
                ),
                names=_O,
                preferences=_M,
            ),
        ),
        spf=Spf(terms=("include:{region}._netblocks.mimecast.com",), grade=_V),
        notes=(
            Note(text="puts off senders that it does not know: 451 Internal resources", grade=_M),
            Note(text="include:_netblocks.mimecast.com, of all regions, costs many look-ups of SPF", grade=_O),
        ),
    ),
    Provider(
        id="barracuda",
        name="Barracuda Email Gateway Defense",
        operator="Barracuda",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records((10, "d{id:#}a.ess.barracudanetworks.com"), (20, "d{id:#}b.ess.barracudanetworks.com")),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:spf.ess.barracudanetworks.com",), grade=_O),
        notes=(Note(text="often left with the mailbox provider's host at 20, past the filter", grade=_O),),
    ),
    Provider(
        id="cisco-secure-email",
        name="Cisco Secure Email Cloud Gateway",
        operator="Cisco",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records((None, "mx1.{allocation}.iphmx.com"), (None, "mx2.{allocation}.iphmx.com")), names=_M
            ),
        ),
        further=(Further(name="mx{n:#}.{allocation}.iphmx.com", grade=_O),),
        spf=Spf(terms=("exists:%{i}.spf.{allocation}.iphmx.com",), grade=_M),
        notes=(Note(text="drops listed addresses before SMTP", grade=_O),),
    ),
    Provider(
        id="cisco-threat-defense",
        name="Cisco Email Threat Defense",
        operator="Cisco",
        roles=_FILTER,
        sets=(MxSet(records=records((None, "mx.{region:us|eu|in|au|ae}.etd.cisco.com")), names=_V, is_pool=True),),
    ),
    Provider(
        id="messagelabs",
        name="Symantec Email Security.cloud",
        operator="Broadcom",
        roles=_FILTER,
        sets=(
            MxSet(
                records=(
                    Mx(name="cluster{n:#}.{region}.messagelabs.com"),
                    Mx(name="cluster{n:#}a.{region}.messagelabs.com", fallback=True, defers=True),
                ),
                names=_V,
            ),
        ),
        spf=Spf(terms=("include:spf.messagelabs.com",), grade=_M),
        notes=(Note(text="the backup says 421 to RCPT on purpose: nobody should ever need it", grade=_V),),
    ),
    Provider(
        id="trend-micro",
        name="Trend Micro Email Security",
        operator="Trend Micro",
        roles=_FILTER,
        sets=(MxSet(records=records((None, "{tenant}.in.tmes.trendmicro.{top:com|eu}")), names=_O, is_pool=True),),
        further=(Further(name="{tenant}.in.hes.trendmicro.{top:com|eu}", grade=_V, legacy=True),),
        spf=Spf(terms=("include:spf.tmes.trendmicro.com",), grade=_O),
        tls=Note(text="MTA-STS with *.in.tmes.trendmicro.com, max_age 604800", grade=_O),
        notes=(
            Note(text="moving here: add at 100, activate, then promote", grade=_V),
            Note(text="keeps mail for 10 days while your server is down", grade=_V),
        ),
    ),
    Provider(
        id="sophos",
        name="Sophos Email",
        operator="Sophos",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records(
                    (10, "mx-01-{region}.prod.hydra.sophos.com"), (20, "mx-02-{region}.prod.hydra.sophos.com")
                ),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:_spf.prod.hydra.sophos.com",), grade=_M),
        notes=(Note(text="also seen with both names at 10", grade=_O),),
    ),
    Provider(
        id="hornetsecurity",
        name="Hornetsecurity",
        operator="Hornetsecurity",
        roles=_FILTER,
        sets=(
            MxSet(
                records=records(*((10 * n, f"mx0{n}.hornetsecurity.com") for n in range(1, 5))),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:spf.hornetsecurity.com",), grade=_O),
        notes=(Note(text="four preferences, no peers; 10 to 13 was seen, too", grade=_O),),
    ),
    Provider(
        id="spamexperts",
        name="SpamExperts, Mail Assure",
        operator="N-able",
        roles=_FILTER,
        exclusive=_V,
        sets=(
            MxSet(
                records=(
                    Mx(name="mx.spamexperts.com", preference=10),
                    Mx(name="fallbackmx.spamexperts.eu", preference=20, fallback=True),
                    Mx(name="lastmx.spamexperts.net", preference=30, fallback=True),
                ),
                names=_V,
                preferences=_V,
            ),
        ),
        spf=Spf(terms=("include:spf.antispamcloud.com",), grade=_O),
        notes=(Note(text="use these MX only; it delivers from *.antispamcloud.com, and needs 53/tcp", grade=_V),),
    ),
    Provider(
        id="siteground",
        name="SiteGround Anti-Spam",
        operator="SiteGround",
        roles=_FILTER,
        further=(Further(name="{host:**}.mailspamprotection.com", grade=_O),),
        spf=Spf(terms=("include:{host}.spf.auto.dnssmarthost.net",), grade=_M),
        notes=(Note(text="preferences 10, 20, 30", grade=_M),),
    ),
)

BACKUPS: tuple[Provider, ...] = (
    Provider(
        id="tertiary-mx",
        name="A&A tertiary-mx",
        operator="Andrews & Arnold",
        roles=(Role.BACKUP,),
        sets=(
            MxSet(
                records=(Mx(name="tertiary-mx.co.uk", preference=50, fallback=True, defers=True),),
                names=_V,
                preferences=_V,
            ),
        ),
        notes=(
            Note(text="calls back to the primary, and puts off what that refuses; greylists", grade=_V),
            Note(text="keeps mail for 31 days, tries again every 15 min to 3 h", grade=_V),
        ),
    ),
    Provider(
        id="dnsexit",
        name="dnsExit mail backup",
        operator="dnsExit",
        roles=(Role.BACKUP,),
        nameless="its names are given to each customer",
        notes=(
            Note(text="while the primary is up it says 451, deliver directly to primary (monitoring mode)", grade=_V),
        ),
    ),
)
