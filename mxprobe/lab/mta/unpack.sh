#!/usr/bin/env bash
# Unpacks Debian's mailers, and the packages named beside them, each with all it depends on, into a root of their own.
#
#     bash unpack.sh DIR [PACKAGE...] && export MXPROBE_MAILERS=DIR
#
# Nothing is installed: mailers conflict as packages but not as files. The closure is resolved against an empty
# package status, one package at a time, so it does not matter what this machine has installed. Needs Debian and root.
# Does nothing when DIR already holds what this script and the list would make; says nothing unless something fails.
set -euo pipefail

script=$(readlink -f "${BASH_SOURCE[0]}")
# Essential packages are nobody's dependency: m4 makes sendmail's configuration, and scripts call for a shell.
mailers=(postfix exim4-daemon-light opensmtpd sendmail-bin sendmail-cf m4 dash)

fail() {
    echo "unpack.sh: $*" >&2
    exit 1
}

[ $# -ge 1 ] || fail "usage: bash unpack.sh DIR [PACKAGE...]"
[ "$(id -u)" -eq 0 ] || fail "needs root: the mailers run as users of their own"
for tool in apt-get dpkg-deb dpkg-query unshare chroot flock; do
    command -v "$tool" >/dev/null || fail "needs $tool: this is for Debian and its kin"
done

mkdir -p "$1"
tree=$(cd "$1" && pwd)
[ "$tree" != / ] || fail "will not unpack over the running system"
exec 9>"$tree.lock"
flock 9

shift
packages=("${mailers[@]}" "$@")
recipe=$( (cat "$script" && echo "${packages[@]}") | sha256sum)
if [ -e "$tree/.recipe" ] && [ "$(cat "$tree/.recipe")" = "$recipe" ]; then
    exit 0
fi
if [ -n "$(ls -A "$tree")" ] && [ ! -e "$tree/.rig" ]; then
    rm "$tree.lock"
    fail "$tree holds something else: name a new or empty directory"
fi
# Emptied but never removed and made anew: a mount on it, or someone standing in it, stays valid.
find "$tree" -mindepth 1 -delete
touch "$tree/.rig"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/archives/partial"
: >"$work/status"

fetch() {
    local package
    for package in "${packages[@]}"; do
        apt-get -qq -y --no-install-recommends --download-only \
            -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives/" \
            -o Debug::NoLocking=true -o APT::Sandbox::User=root \
            install "$package" >>"$work/log" 2>&1 </dev/null || return 1
    done
}

# The lists may be missing (a fresh image) or name versions the archive no longer holds: then ask for new ones, once.
if ! fetch; then
    apt-get -qq update >>"$work/log" 2>&1 </dev/null && fetch || {
        cat "$work/log" >&2
        fail "could not fetch ${packages[*]}"
    }
fi

# Unpacked with /bin and its like as the links a merged Debian has; tar follows them with --keep-directory-symlink.
for directory in bin sbin lib lib64; do
    mkdir -p "$tree/usr/$directory"
    ln -s "usr/$directory" "$tree/$directory"
done
for archive in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" |
        tar --extract --file - --directory "$tree" --keep-directory-symlink --no-same-owner \
            --exclude './usr/share/doc' --exclude './usr/share/man' --exclude './usr/share/locale'
done

# The users the maintainer scripts would have made.
cat >"$tree/etc/passwd" <<'USERS'
root:x:0:0:root:/root:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
postfix:x:901:901::/var/spool/postfix:/usr/sbin/nologin
Debian-exim:x:903:903::/var/spool/exim4:/usr/sbin/nologin
nsd:x:904:904::/var/lib/nsd:/usr/sbin/nologin
opensmtpd:x:905:905::/var/lib/opensmtpd/empty:/usr/sbin/nologin
opensmtpq:x:906:906::/var/lib/opensmtpd/empty:/usr/sbin/nologin
smmta:x:907:907::/var/lib/sendmail:/usr/sbin/nologin
smmsp:x:908:908::/var/lib/sendmail:/usr/sbin/nologin
USERS
cat >"$tree/etc/group" <<'GROUPS_'
root:x:0:
mail:x:8:
nogroup:x:65534:
postfix:x:901:
postdrop:x:902:
Debian-exim:x:903:
nsd:x:904:
opensmtpd:x:905:
opensmtpq:x:906:
smmta:x:907:
smmsp:x:908:
GROUPS_
printf 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\n' >"$tree/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' >"$tree/etc/hosts"

# What differs from one mailer to the next is mounted on /rig by whatever runs it.
mkdir -p "$tree/rig" "$tree/dev" "$tree/proc" "$tree/tmp" "$tree/run" "$tree/root" "$tree/var/spool/smtpd"
ln -sfn /run "$tree/var/run"
for node in null zero full random urandom; do : >"$tree/dev/$node"; done # the machine's own are mounted on these
ln -sf /rig/syslog "$tree/dev/log"
chmod 1777 "$tree/tmp"
ln -sf /rig/resolv.conf "$tree/etc/resolv.conf"
mkdir -p "$tree/etc/exim4" "$tree/etc/postfix"
echo 'compatibility_level = 3.6' >"$tree/etc/postfix/main.cf" # posttls-finger run on its own looks here
: >"$tree/etc/postfix/master.cf"
echo /rig/exim.conf >"$tree/etc/exim4/trusted_configs"
ln -sf /rig/mailname "$tree/etc/mailname"

echo "$recipe" >"$tree/.recipe"
