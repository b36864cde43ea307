#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_programs.sh - real programs in a copy-on-write view of the whole system:
# git, gcc, python's venv, tar, rsync; and dpkg, for a virtual root
# shellcheck shell=bash source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need git gcc python3 tar
as_user mkdir -p "$T_TMP"/{up,up2,work} "$T_TMP"/deb/{DEBIAN,usr/bin,usr/share/um-made,etc}
user_write "$T_TMP/deb/DEBIAN/control" <<'EOF2'
Package: um-made
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: made for a test
EOF2
user_write "$T_TMP/deb/DEBIAN/conffiles" <<</etc/um-made.conf
user_write "$T_TMP/deb/etc/um-made.conf" <<<conf
user_write "$T_TMP/deb/usr/bin/um-made" <<'EOF2'
#!/bin/sh
echo it runs
EOF2
as_user chmod 755 "$T_TMP/deb/usr/bin/um-made"
as_user sh -c 'cd "$1" && for i in $(seq 100); do echo $i >$i; done; ln 1 hard
	ln -s 2 soft' sh "$T_TMP/deb/usr/share/um-made"
all() {
	find /usr/bin /usr/include /etc /var/lib/dpkg -xdev \
		-printf '%p %y %m %U %s %n %i %T@\n' 2>/dev/null | sort | cksum
}
before=$(all)

must_guest <<'EOS'
must mount -t viewfs -o cow "$PWD/up" /
cd work || die "cd"
must git init -q repo
cd repo || die "cd"
must cp -r /usr/include/linux .
must git add .
must git -c user.name=u -c user.email=u@localhost commit -qm one
must git clone -q . ../clone
must diff -r linux ../clone/linux
must rm -r linux/netfilter
must git checkout -q -- .
same "git status" "" "$(git status --porcelain)"
must git -C ../clone gc -q
must git -C ../clone fsck
cd ..
echo '#define UM_MADE 42' >>/usr/include/stdio.h || die "a header"
printf '#include <stdio.h>\nint main(void) { return UM_MADE; }\n' >a.c
must gcc -O1 -o a a.c
./a
same "what it was compiled with" 42 $?
must python3 -m venv --without-pip venv
same "its own python" "$PWD/venv" "$(venv/bin/python -c 'import sys; print(sys.prefix)')"
must tar cf linux.tar -C /usr/include linux
must mkdir out
must tar xf linux.tar -C out
must diff -r /usr/include/linux out/linux
if command -v rsync >/dev/null; then
	must rsync -a repo/ copy/
	must diff -r repo copy
	same "a second rsync" "" "$(rsync -ai repo/ copy/)"
else
	echo "rsync is not installed: left out"
fi
cd ..
EOS
[ -d "$T_TMP/up/usr/include" ] || fail "the store has no header"
[ -z "$(ls -A "$T_TMP/work")" ] || fail "something was written beneath"

if command -v dpkg-deb >/dev/null; then
	as_user dpkg-deb --root-owner-group -b "$T_TMP/deb" "$T_TMP/um-made.deb" \
		>/dev/null || fail "dpkg-deb"
	must_guest -- --secure <<'EOS'
must mount -t viewfs -o cow "$PWD/up2" /
must dpkg -i um-made.deb
same "the program" "it runs" "$(um-made)"
same "owner and mode" "0:0 755" "$(stat -c '%u:%g %a' /usr/bin/um-made)"
same "links" "2 2" "$(stat -c %h /usr/share/um-made/1) $(cat /usr/share/um-made/soft)"
same "dpkg -V" "" "$(dpkg -V um-made)"
must dpkg -P um-made
[ ! -e /usr/bin/um-made ] || die "it is still there"
[ ! -e /usr/share/um-made ] || die "it is still there"
EOS
else
	echo "dpkg-deb is not installed: left out"
fi
[ "$before" = "$(all)" ] || fail "the system was changed"
