#!/bin/sh
# Unpacks into FOLDER the Debian packages whose rules tests import, and what reads these
# rules. Nothing is installed, and nothing is read of what is: a package that is
# installed may have been changed by its owner, and services of others may start. Tests
# find the folder by the variable TRAWL_PACKAGES. Needs apt-get, dpkg and the network.
#
#	test/need/packages.sh FOLDER
set -eu
mkdir -p "$1"
cd "$1"
apt-get download -q \
	logcheck-database fail2ban modsecurity-crs sagan-rules golang-github-jasonish-go-idsrules-dev yara-doc \
	spamassassin libhtml-parser-perl libhtml-tagset-perl libnet-dns-perl libnetaddr-ip-perl libnet-ip-perl liburi-perl \
	wamerican wamerican-insane
for deb in *.deb; do
	dpkg -x "$deb" .
done
