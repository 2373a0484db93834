#!/bin/sh
# Unpacks Debian's MariaDB server into FOLDER/root, as anybody. Package lists of its own are fetched where the system's
# know nothing of it.
set -eu
cd "$1"
mkdir -p lists/partial cache/archives/partial
packages="mariadb-server-core libaio1 liburing2"
own="-o Dir::State::Lists=$PWD/lists -o Dir::Cache=$PWD/cache"
# shellcheck disable=SC2086
apt-get --quiet=2 download $packages || { apt-get --quiet=2 $own update; apt-get --quiet=2 $own download $packages; }
for package in *.deb; do dpkg-deb --extract "$package" root; done
rm -rf -- *.deb lists cache
