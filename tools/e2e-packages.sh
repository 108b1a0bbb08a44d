#!/bin/sh
# Sees that the programs of the end-to-end tests are there: root installs what is missing from
# Debian, anybody else is told its name. No service may start from it: the tests run the programs
# themselves, on ports of their own.
set -eu

missing=
need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || case " $missing " in *" $2 "*) ;; *) missing="$missing $2" ;; esac
}
need promtool prometheus
need prometheus prometheus
need prometheus-alertmanager prometheus-alertmanager
[ -n "$missing" ] || exit 0

say_and_fail() {
    echo "the end-to-end tests need Debian's packages:$missing" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || say_and_fail

# Maintainer scripts ask this policy before they start a service; 101 forbids it. A policy that is
# there already is put back afterwards, whatever happens.
policy=/usr/sbin/policy-rc.d
kept=$(mktemp -d)
[ ! -e "$policy" ] || cp -p "$policy" "$kept/policy"
restore() {
    if [ -e "$kept/policy" ]; then cp -p "$kept/policy" "$policy"; else rm -f "$policy"; fi
    rm -rf "$kept"
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

# apt's own talk is shown only where it fails: then it tells why.
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing for the end-to-end tests" >&2
log="$kept/apt.log"
# shellcheck disable=SC2086 # a list of package names
apt-get install -qq -y --no-install-recommends $missing >"$log" 2>&1 ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >>"$log" 2>&1 ||
    { cat "$log" >&2; say_and_fail; }
