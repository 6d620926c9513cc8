#!/bin/sh
# SPDX-License-Identifier: MIT
# In the new root: certificates of its own, its units, and nothing that runs at night.
set -eu

cd /etc/ssl/private
own=/usr/local/share/ca-certificates/boot-test.crt
# Python 3.13 is strict about what RFC 5280 wants in certificates.
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=boot test' -quiet \
	-addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out $own
openssl req -newkey rsa:2048 -nodes -subj '/CN=live.test' -quiet \
	-keyout live.key -out live.csr
printf 'subjectAltName=DNS:live.test\nauthorityKeyIdentifier=keyid\n' >live.ext
openssl x509 -req -in live.csr -CA $own -CAkey ca.key -days 3650 -extfile live.ext \
	-out live.crt
update-ca-certificates

systemctl enable boot-test-board.service boot-test.service
systemctl set-default multi-user.target
# Nobody logs in, and the nights are short: what would only take time.
systemctl mask systemd-logind.service systemd-binfmt.service \
	proc-sys-fs-binfmt_misc.automount \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service \
	serial-getty@tty0.service systemd-firstboot.service \
	systemd-modules-load.service systemd-udev-load-credentials.service
systemd-machine-id-setup
mkdir -p /tree /var/log/journal
rm -rf /pi /finish.sh /var/cache/apt/archives/*.deb
