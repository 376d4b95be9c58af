#!/bin/sh
# The README's two commands as a newcomer gives them: in a Debian that has Go, make
# and git, no C compiler and no Python, by an ordinary user, on a fresh clone of this
# commit and with nothing in Go's caches. Prints how long each took. Needs root,
# mmdebstrap, and the network: packages and modules are fetched.
#
#	build/clean/run.sh [SUITE]
set -eu
cd "$(dirname "$0")/../.."
suite=${1:-bookworm}

root=$(mktemp -d "${TMPDIR:-/var/tmp}/trawl-clean-XXXXXX")
trap 'rm -rf "$root"' EXIT
mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make "$suite" "$root"
chroot "$root" useradd -m -s /bin/sh newcomer
git clone -q --no-hardlinks . "$root/home/newcomer/trawl" # hard links would be given away with it
chroot "$root" chown -R newcomer: /home/newcomer

cat >"$root/home/newcomer/readme.sh" <<'.'
set -eu
cd ~/trawl
echo "Debian $(cat /etc/debian_version), $(go version), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
for tool in gcc cc python3; do
	! command -v $tool || exit 1
done
took=
for target in demo test demo; do # the second time with what the first has left in the caches
	printf '\n$ make %s\n' $target
	begun=$(date +%s)
	make $target
	took="$took$(printf '\nmake %s: %s s, load now %s' $target $(($(date +%s) - begun)) "$(cut -d' ' -f1-3 /proc/loadavg)")"
done
echo "$took"
git status --short # nothing: what is built is ignored
.

# How this machine reaches module proxies: its settings, and whom it trusts.
set --
for name in GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB; do
	set -- "$@" "$name=$(go env $name)"
done
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
	eval "value=\${$name:-}"
	set -- "$@" ${value:+"$name=$value"}
done
cp -L /etc/resolv.conf "$root/etc/"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts" # as every installer does
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# What is mounted is gone with the namespace, and what still runs ends with it.
mkdir "$root/usr/local/go"
export root goroot="$(go env GOROOT)"
unshare --mount --pid --fork --kill-child sh -euc '
	mount --bind "$goroot" "$root/usr/local/go"
	mount -o remount,bind,ro "$root/usr/local/go"
	mount --rbind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	exec chroot --userspec=newcomer:newcomer "$root" env -i HOME=/home/newcomer PATH=/usr/local/go/bin:/usr/bin:/bin "$@" sh /home/newcomer/readme.sh
' sh "$@"
