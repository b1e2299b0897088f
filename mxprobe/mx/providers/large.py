"""Providers with very many mailboxes: Google, Microsoft, Apple, Yahoo and others who serve consumers as well."""

from mxprobe.mx.providers.provider import Further, Grade, Mx, MxSet, Note, Provider, Role, Spf, records

_V, _O, _M = Grade.DOCUMENTED, Grade.OBSERVED, Grade.REMEMBERED
_GOOGLE_SPF = Spf(terms=("include:_spf.google.com",), grade=_V)
_MICROSOFT_SPF = Spf(terms=("include:spf.protection.outlook.com",), grade=_V)

LARGE: tuple[Provider, ...] = (
    Provider(
        id="google-workspace",
        name="Google Workspace",
        operator="Google",
        roles=(Role.MAILBOX,),
        sends=True,
        exclusive=_O,
        sets=(MxSet(records=records((1, "smtp.google.com")), names=_O, preferences=_O, is_pool=True),),
        spf=_GOOGLE_SPF,
        notes=(
            Note(text="a single record since April 2023, a large pool behind it", grade=_O),
            Note(text="an unknown user can be refused in words of policy (5.7.1) or by 550-5.1.1", grade=_O),
            Note(text="without a PTR record: 4.7.23, then 5.7.25; replies end in gsmtp", grade=_V),
        ),
    ),
    Provider(
        id="google-workspace-legacy",
        name="Google Workspace (five records)",
        operator="Google",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(
                records=records(
                    (1, "aspmx.l.google.com"),
                    (5, "alt1.aspmx.l.google.com"),
                    (5, "alt2.aspmx.l.google.com"),
                    (10, "alt3.aspmx.l.google.com"),
                    (10, "alt4.aspmx.l.google.com"),
                ),
                names=_V,
                preferences=_V,
                is_pool=True,
            ),
        ),
        further=(Further(name="aspmx{n:2|3|4|5}.googlemail.com", grade=_O, legacy=True),),
        spf=_GOOGLE_SPF,
        notes=(Note(text="still supported; not to be mixed with the single record", grade=_O),),
    ),
    Provider(
        id="gmail",
        name="Gmail",
        operator="Google",
        roles=(Role.MAILBOX,),
        sets=(
            MxSet(
                records=records(
                    (5, "gmail-smtp-in.l.google.com"),
                    (10, "alt1.gmail-smtp-in.l.google.com"),
                    (20, "alt2.gmail-smtp-in.l.google.com"),
                    (30, "alt3.gmail-smtp-in.l.google.com"),
                    (40, "alt4.gmail-smtp-in.l.google.com"),
                ),
                names=_O,
                preferences=_O,
                is_pool=True,
            ),
        ),
        tls=Note(text="MTA-STS enforce, max_age 86400", grade=_O),
        consumers=("gmail.com", "googlemail.com"),
    ),
    Provider(
        id="microsoft-365",
        name="Microsoft 365",
        operator="Microsoft",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(records=records((0, "{tenant}.mail.protection.outlook.com")), names=_V, preferences=_V, is_pool=True),
            MxSet(records=records((None, "{tenant}.mail.protection.office365.us")), names=_O, is_pool=True),
            MxSet(records=records((None, "{tenant}.mail.protection.partner.outlook.cn")), names=_O, is_pool=True),
        ),
        further=(
            Further(name="{tenant}.mail.eo.outlook.com", grade=_V, legacy=True),
            Further(name="{tenant}.mail.protection.outlook.de", grade=_V, legacy=True),
        ),
        spf=_MICROSOFT_SPF,
        wrong_region="4.4.62",
        tls=Note(text="MTA-STS works with *.mail.protection.outlook.com; no DANE", grade=_M),
        notes=(
            Note(text="unknown user: 550 5.4.1 Recipient address rejected: Access denied", grade=_O),
            Note(text="another's domain: 550 5.7.64; no licence: 550 4.4.4 ATTR5", grade=_V),
            Note(text="new senders: 451 4.7.500 to 4.7.699; banned ones: 5.7.606, 5.7.708", grade=_O),
        ),
    ),
    Provider(
        id="microsoft-365-dnssec",
        name="Microsoft 365 (signed names)",
        operator="Microsoft",
        roles=(Role.MAILBOX,),
        sends=True,
        exclusive=_O,
        sets=(MxSet(records=records((0, "{key}.{letter}-v1.mx.microsoft")), names=_V, preferences=_V, is_pool=True),),
        spf=_MICROSOFT_SPF,
        wrong_region="4.4.62",
        tls=Note(text="DANE once inbound DANE is enabled; MTA-STS pattern *.<letter>-v1.mx.microsoft", grade=_O),
        notes=(
            Note(text="DANE for inbound mail expects preference 0 or 10 and no other MX", grade=_O),
            Note(text="moving here: add at 20, test, old to 30 and new to 0, delete the old one, TTL 3600", grade=_V),
            Note(text="wrong region: 451 4.4.62", grade=_V),
        ),
    ),
    Provider(
        id="outlook-com",
        name="Outlook.com",
        operator="Microsoft",
        roles=(Role.MAILBOX,),
        sets=(MxSet(records=records((None, "{domain}.olc.protection.outlook.com")), names=_V, is_pool=True),),
        spf=Spf(terms=("include:outlook.com",), grade=_V),
        tls=Note(text="MTA-STS enforce for live.com, testing in an older capture", grade=_O),
        consumers=("outlook.com", "hotmail.com", "live.com"),
    ),
    Provider(
        id="icloud",
        name="iCloud",
        operator="Apple",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(
                records=records((10, "mx01.mail.icloud.com"), (10, "mx02.mail.icloud.com")), names=_V, preferences=_V
            ),
        ),
        spf=Spf(terms=("include:icloud.com",), grade=_V),
        consumers=("icloud.com",),
    ),
    Provider(
        id="yahoo",
        name="Yahoo, AOL",
        operator="Yahoo",
        roles=(Role.MAILBOX,),
        sets=(
            MxSet(
                records=records(
                    (1, "mta5.am0.yahoodns.net"), (1, "mta6.am0.yahoodns.net"), (1, "mta7.am0.yahoodns.net")
                ),
                names=_M,
                preferences=_M,
            ),
            MxSet(records=records((None, "mx-aol.mail.gm0.yahoodns.net")), names=_V, is_pool=True),
        ),
        spf=Spf(terms=("include:_spf.mail.yahoo.com",), grade=_M),
        tls=Note(text="MTA-STS", grade=_M),
        notes=(
            Note(text="takes every recipient and refuses after the content: asking by RCPT proves nothing", grade=_O),
            Note(text="no confirmed PTR record: 450 4.7.25; 421 4.7.0 [TSS04], 553 5.7.1 [BL21]", grade=_O),
        ),
        consumers=("yahoo.com", "aol.com"),
    ),
    Provider(
        id="gmx",
        name="GMX, web.de, mail.com",
        operator="GMX",
        roles=(Role.MAILBOX,),
        sets=(
            MxSet(records=records((None, "mx00.emig.gmx.net"), (None, "mx01.emig.gmx.net")), names=_O),
            MxSet(records=records((None, "mx00.gmx.net"), (None, "mx01.gmx.net")), names=_O),
            MxSet(records=records((None, "mx00.mail.com"), (None, "mx01.mail.com")), names=_O),
        ),
        tls=Note(text="DANE", grade=_M),
        notes=(Note(text="listed or dynamic addresses get 421 or 554 when they connect", grade=_O),),
        consumers=("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "mail.com"),
    ),
    Provider(
        id="t-online",
        name="T-Online",
        operator="Deutsche Telekom",
        roles=(Role.MAILBOX,),
        sets=(
            MxSet(
                records=records(*((None, f"mx0{n}.t-online.de") for n in range(4))),
                names=_M,
            ),
        ),
        tls=Note(text="DANE", grade=_M),
        notes=(Note(text="greets addresses that it does not know with 554 and a contact address", grade=_O),),
        consumers=("t-online.de",),
    ),
    Provider(
        id="yandex",
        name="Yandex 360",
        operator="Yandex",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(records=records((10, "mx.yandex.net")), names=_V, preferences=_V, is_pool=True),
            MxSet(records=records((None, "mx.yandex.ru")), names=_V, is_pool=True),
        ),
        spf=Spf(terms=("include:_spf.yandex.net",), grade=_O),
        notes=(Note(text="unknown user: 550 5.7.1 No such user! (no policy)", grade=_O),),
    ),
    Provider(
        id="mail-ru",
        name="Mail.ru, VK WorkSpace",
        operator="VK",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(records=records((10, "emx.mail.ru")), names=_O, preferences=_O, is_pool=True),
            MxSet(records=records((None, "mxs.mail.ru")), names=_V, is_pool=True),
        ),
        spf=Spf(terms=("include:_spf.mail.ru",), grade=_O),
        tls=Note(text="MTA-STS", grade=_M),
        notes=(Note(text="greylists", grade=_M),),
        consumers=("mail.ru",),
    ),
    Provider(
        id="posteo",
        name="Posteo",
        operator="Posteo",
        roles=(Role.MAILBOX,),
        sets=(MxSet(records=records(*((None, f"mx0{n}.posteo.de") for n in range(1, 5))), names=_V),),
        tls=Note(text="DANE", grade=_M),
        notes=(Note(text="no domains of customers", grade=_M),),
        consumers=("posteo.de",),
    ),
    Provider(
        id="tencent-exmail",
        name="Tencent Exmail",
        operator="Tencent",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(records=records((5, "mxbiz1.qq.com"), (10, "mxbiz2.qq.com")), names=_O, preferences=_O),
            MxSet(records=records(*((None, f"mx{n}.qq.com") for n in range(1, 4))), names=_O),
        ),
        spf=Spf(terms=("include:spf.mail.qq.com",), grade=_O),
        notes=(Note(text="limits what an address may send", grade=_M),),
        consumers=("qq.com",),
    ),
    Provider(
        id="netease",
        name="NetEase qiye, 163.com",
        operator="NetEase",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(
                records=records((5, "qiye163mx01.mxmail.netease.com"), (10, "qiye163mx02.mxmail.netease.com")),
                names=_O,
                preferences=_O,
            ),
            MxSet(records=records((None, "hzmx01.mxmail.netease.com"), (None, "hzmx02.mxmail.netease.com")), names=_O),
            MxSet(
                records=(
                    *records(*((10, f"163mx0{n}.mxmail.netease.com") for n in range(1, 4))),
                    Mx(name="163mx00.mxmail.netease.com", preference=50),
                ),
                names=_O,
                preferences=_O,
            ),
        ),
        spf=Spf(terms=("include:spf.163.com",), grade=_O),
        notes=(Note(text="554 DT:SPM and MI: are codes of policy", grade=_M),),
        consumers=("163.com",),
    ),
    Provider(
        id="naver-works",
        name="NAVER WORKS, NAVER",
        operator="NAVER",
        roles=(Role.MAILBOX,),
        sends=True,
        sets=(
            MxSet(
                records=records((10, "kr1-aspmx1.worksmobile.com"), (20, "kr1-aspmx2.worksmobile.com")),
                names=_O,
                preferences=_O,
            ),
            MxSet(records=records(*((10, f"mx{n}.naver.com") for n in range(1, 4))), names=_O, preferences=_O),
        ),
        spf=Spf(terms=("include:spf.worksmobile.com",), grade=_O),
        consumers=("naver.com",),
    ),
)
