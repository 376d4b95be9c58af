#!/bin/sh
# The README's `make test` on machines that are not clean: a test must not find out what
# is installed, who runs it, and where. Each is a Debian of its own, without a network but
# loopback:
#
#	plain     nothing else is installed; as root
#	services  rsyslog, logcheck, fail2ban, mosquitto, avahi and the package of trawl run,
#	          with keys, on the usual ports, and a worker that is refused; as root, in a
#	          service itself
#	user      an ordinary user; the checkout is read-only and somebody else's, the folder
#	          for temporary files has blanks and a long name, texts are Turkish, and the
#	          environment has all that programs listen to, those among them that tests ask
#
# Needs root, mmdebstrap, systemd-nspawn, and the network for Debian's packages. Go and its
# modules are those of this machine, read-only. What is compiled for one serves the others;
# every test runs in each.
#
#	build/clean/roots.sh [NAME…]
set -eu
cd "$(dirname "$0")/../.."
suite=${TRAWL_ROOTS_SUITE:-trixie}
names=${*:-plain services user}

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/trawl-roots-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -m 777 "$scratch/cache" "$scratch/log"
git clone -q --no-hardlinks . "$scratch/trawl"
chmod 755 "$scratch"
go mod download

# debian ROOT PACKAGES makes a root.
debian() {
	mmdebstrap --quiet --variant=minbase --aptopt='APT::Install-Recommends "false"' --include="git,make,$2" "$suite" "$1"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$1/etc/hosts" # as every installer does
	mkdir -p "$1/usr/local/go" "$1/go/mod" "$1/go/cache" "$1/src/trawl" "$1/log"
}

# What the go command is told in each of them.
goes='PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
GOMODCACHE=/go/mod GOCACHE=/go/cache GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-count=1'

# enter ROOT OPTION… starts one. What it changes is gone afterwards.
enter() {
	root=$1
	shift
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -D "$root" --volatile=overlay --register=no --keep-unit \
		--private-network --resolv-conf=off --console=pipe --bind-ro="$(go env GOROOT):/usr/local/go" \
		--bind-ro="$(go env GOMODCACHE):/go/mod" --bind="$scratch/cache:/go/cache" --bind="$scratch/log:/log" "$@" </dev/null
}

# As root: git takes the checkout for its own, and nothing is left in it.
plain() {
	debian "$scratch/plain" ca-certificates
	# shellcheck disable=SC2086
	enter "$scratch/plain" --as-pid2 --bind="$scratch/trawl:/src/trawl" --chdir=/src/trawl $(printf -- '-E %s ' $goes) \
		sh -euc 'make test; test -z "$(git status --short)"'
}

services() {
	root=$scratch/services services='trawl-broker trawl-worker mosquitto fail2ban rsyslog avahi-daemon'
	debian "$root" systemd-sysv,udev,dbus,procps,rsyslog,logcheck,logcheck-database,fail2ban,mosquitto,avahi-daemon
	make -s -C "$scratch/trawl" dist DIST="$scratch/dist" TARGETS="linux/$(go env GOARCH)" VERSION=v0.0.1
	git -C "$scratch/trawl" clean -fdxq
	cp "$scratch/dist/"*.deb "$root/root/trawl.deb"
	# The worker has the broker's key, which is not allowed: doctor finds a fault.
	# shellcheck disable=SC2016
	chroot "$root" sh -euc '
		dpkg -i /root/trawl.deb
		cd /etc/trawl
		trawl keygen broker
		trawl keygen me
		echo "$(cat me.pub) client" >allowed.keys
		chown trawl ./*.key
		echo he >words.txt
		cat >trawl.yaml <<-END
			broker: {name: board, clients: "tcp://*:5555", workers: "tcp://*:5556"}
			worker: {name: pi, rules: {default: [words.txt]}, slots: 1}
			client: {timeout: 1h}
			security: {key: broker.key, server_key: broker.pub, allowed_keys: allowed.keys}
			log: {level: debug, format: json}
		END
		# Of the owner: a trawl of another kind, rules of logcheck, settings of services.
		printf "#!/bin/sh\necho trawl: fishing\nexit 1\n" >/usr/local/bin/trawl
		chmod 755 /usr/local/bin/trawl
		echo "^own rule (a|b" >/etc/logcheck/ignore.d.server/local
		rm /etc/logcheck/ignore.d.server/ssh
		printf "[Definition]\nfailregex = ^own <HOST>$\n" | tee /etc/fail2ban/filter.d/own.conf >/etc/fail2ban/filter.d/sshd.local
		for unit in service trawl- trawl-broker.service; do
			mkdir -p /etc/systemd/system/$unit.d
			printf "[Service]\nOwn=setting\n" >/etc/systemd/system/$unit.d/own.conf
		done
		systemctl enable trawl-broker trawl-worker' >"$scratch/log/setup" 2>&1 || { cat "$scratch/log/setup"; return 1; }
	cat >"$root/etc/systemd/system/make-test.service" <<-END
		[Unit]
		After=$(printf '%s.service ' $services)
		SuccessAction=exit
		FailureAction=exit
		[Service]
		Type=oneshot
		TimeoutStartSec=infinity
		WorkingDirectory=/src/trawl
		Environment=HOME=/root $(echo "$goes" | tr '\n' ' ')
		StandardOutput=file:/log/services
		StandardError=inherit
		ExecStart=/bin/sh -euc 'for s in $services; do systemctl is-active --quiet \$\$s || { systemctl status \$\$s; exit 1; }; done; make test'
		[Install]
		WantedBy=multi-user.target
	END
	chroot "$root" systemctl enable make-test >"$scratch/log/setup" 2>&1
	status=0
	enter "$root" --boot --bind-ro="$scratch/trawl:/src/trawl" >"$scratch/log/console" 2>&1 || status=$?
	cat "$scratch/log/services" || cat "$scratch/log/console"
	return $status
}

user() {
	debian "$scratch/user" locales,python3,python3-zmq,yara,libmodsecurity3,mandoc,systemd # whom tests ask
	chroot "$scratch/user" localedef -i tr_TR -f UTF-8 tr_TR.UTF-8
	chroot "$scratch/user" useradd -m -s /bin/sh newcomer
	cat >"$scratch/user/usr/local/bin/make-test" <<-'END'
		#!/bin/sh
		umask 077
		export HOME=/home/newcomer LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 LANGUAGE=tr TZ=Asia/Kolkata
		export TMPDIR="/var/tmp/a folder with blanks, and a name that is longer than those of sockets may be on most systems"
		mkdir -p "$TMPDIR"
		export TRAWL_BROKER=tcp://127.0.0.1:9 TRAWL_KEY=/nowhere TRAWL_SERVER_KEY=none TRAWL_WORKER_SLOTS=none TRAWL_LOG_LEVEL=loud TRAWL_PACKAGES=/nowhere
		export http_proxy=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 no_proxy=
		export XDG_CONFIG_HOME=/nowhere/config XDG_CACHE_HOME=/nowhere/cache XDG_RUNTIME_DIR=/nowhere/run XDG_DATA_DIRS=/nowhere
		export NO_COLOR=1 CLICOLOR_FORCE=1 TERM=dumb COLUMNS=20 LESS=-R PAGER=false CDPATH=/usr POSIXLY_CORRECT=1
		export GREP_COLORS=mt=1 PYTHONPATH=/nowhere PYTHONIOENCODING=latin-1 PYTHONWARNINGS=error PERL5LIB=/nowhere
		export NOTIFY_SOCKET=/nowhere/notify JOURNAL_STREAM=1:2 INVOCATION_ID=0 WATCHDOG_USEC=1 LISTEN_FDS=1 LISTEN_PID=1
		export CREDENTIALS_DIRECTORY=/nowhere STATE_DIRECTORY=/nowhere SYSTEMD_UNIT_PATH=/nowhere
		exec make test
	END
	chmod 755 "$scratch/user/usr/local/bin/make-test"
	# shellcheck disable=SC2086
	enter "$scratch/user" --as-pid2 --user=newcomer --hostname=Bilgisayar.ev.example --bind-ro="$scratch/trawl:/src/trawl" --chdir=/src/trawl $(printf -- '-E %s ' $goes) make-test
}

took= failed=
for name in $names; do
	printf '\n== %s: make test\n' "$name"
	begun=$(date +%s)
	# In a process of its own, as -e does not hold within a condition.
	(set -e; "$name") 2>&1 &
	if wait $!; then result=passed; else result=FAILED failed=1; fi
	took="$took$(printf '\n%-9s %s, %s s, load now %s' "$name" "$result" $(($(date +%s) - begun)) "$(cut -d' ' -f1-3 /proc/loadavg)")"
	chmod -R a+rwX "$scratch/cache"
done
printf '\nDebian %s, %s, %s processors%s\n' "$suite" "$(go version)" "$(nproc)" "$took"
[ -z "$failed" ]
