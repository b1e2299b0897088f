"""Real mailers under test: Postfix, Exim, OpenSMTPD and sendmail out of Debian's packages, unpacked and not installed.

`unpack.sh DIR` makes the tree they run from, and `MXPROBE_MAILERS=DIR` names it. Each runs in mount and process
namespaces of its own, chrooted into that tree, its own directory mounted on `/rig`: when it stops, nothing is left.
"""

from collections.abc import Mapping

from mxprobe.lab.mta.exim import Exim
from mxprobe.lab.mta.mailer import Mailer
from mxprobe.lab.mta.opensmtpd import OpenSmtpd
from mxprobe.lab.mta.postfix import Postfix
from mxprobe.lab.mta.sendmail import Sendmail

MAILERS: Mapping[str, type[Mailer]] = {one.name: one for one in (Postfix, Exim, OpenSmtpd, Sendmail)}
"""The mailers by the names that people type behind `real:`."""
