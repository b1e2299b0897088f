"""Reports of SMTP TLS reporting in the shapes that generators give them: the standard's own, and large ones'."""

import copy
import json
from typing import Any

STANDARD: dict[str, Any] = {
    "organization-name": "Company-X",
    "date-range": {"start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z"},
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing", "mx: *.example.test", "max_age: 86400"],
                "policy-domain": "example.test",
                "mx-host": ["*.example.test"],
            },
            "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8:abcd:12::1",
                    "receiving-mx-hostname": "mx1.example.test",
                    "failed-session-count": 100,
                },
                {
                    "result-type": "starttls-not-supported",
                    "sending-mta-ip": "2001:db8:abcd:13::1",
                    "receiving-mx-hostname": "mx2.example.test",
                    "receiving-ip": "203.0.113.56",
                    "failed-session-count": 200,
                    "additional-information": "https://reports.company-x.example/report_info?id=5065427c",
                },
                {
                    "result-type": "validation-failure",
                    "sending-mta-ip": "198.51.100.62",
                    "receiving-ip": "203.0.113.58",
                    "receiving-mx-hostname": "mx-backup.example.test",
                    "failed-session-count": 3,
                    "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
                },
            ],
        }
    ],
}
"""As in RFC 8460 appendix B."""

ENFORCED: dict[str, Any] = {
    "organization-name": "Google Inc.",
    "date-range": {"start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z"},
    "contact-info": "smtp-tls-reporting@google.com",
    "report-id": "2026-11-20T00:00:00Z_example.test",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: enforce", "mx: mx1.example.test", "max_age: 604800"],
                "policy-domain": "example.test",
                "mx-host": ["mx1.example.test"],
            },
            "summary": {"total-successful-session-count": 328, "total-failure-session-count": 12},
            "failure-details": [
                {
                    "result-type": "certificate-host-mismatch",
                    "sending-mta-ip": "209.85.1.1",
                    "receiving-ip": "198.51.100.25",
                    "receiving-mx-hostname": "MX2.example.test.",
                    "failed-session-count": 12,
                }
            ],
        }
    ],
}

NO_DETAILS: dict[str, Any] = {
    "organization-name": "Microsoft Corporation",
    "date-range": {"start-datetime": "2026-11-20T00:00:00", "end-datetime": "2026-11-20T23:59:59"},
    "contact-info": "tlsrpt-noreply@microsoft.com",
    "report-id": "133451234567890123+example.test",
    "policies": [
        {
            "policy": {
                "policy-type": "tlsa",
                "policy-string": ["3 1 1 aa"],
                "policy-domain": "example.test",
                "mx-host": "mx1.example.test",
            },
            "summary": {"total-successful-session-count": 40, "total-failure-session-count": 2},
            "failure-details": None,
        },
        {
            "policy": {"policy-type": "no-policy-found", "policy-domain": "example.test"},
            "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0},
        },
    ],
}
"""No zone in its times, a single text for a list, and `null` for no details."""

FETCH_FAILED: dict[str, Any] = {
    "organization-name": "Mail.ru",
    "date-range": {"start-datetime": "2026-11-21T00:00:00+03:00", "end-datetime": "2026-11-22T00:00:00+03:00"},
    "report-id": "17",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": "version: STSv1\nmode: enforce\n",
                "policy-domain": "example.test",
            },
            "summary": {"total-successful-session-count": 0, "total-failure-session-count": 4},
            "failure-details": [{"result-type": "sts-policy-fetch-error", "failed-session-count": 4}],
        }
    ],
}


def octets(report: dict[str, Any]) -> bytes:
    """The report as it is sent, not compressed."""
    return json.dumps(report).encode()


def changed(path: str, value: Any) -> bytes:
    """The standard's report with another value at a path such as `policies.0.summary`."""
    report = copy.deepcopy(STANDARD)
    at: Any = report
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        at = at[step]
    at[last] = value
    return octets(report)
