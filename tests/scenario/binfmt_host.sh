#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# binfmt_host.sh - in a view of a host that has an entry `host`; for binfmt.sh
cd "$1" || exit 1
M=$2

die() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

[ "$(out/p 1)" = "by $PWD/by of out/p 1" ] || die "used: $(out/p 1)"
mkdir own
mount -t umbinfmt none own || die mount
[ "$(out/p 1)" = "by $PWD/by of out/p 1" ] || die "used after the view's"
echo ":f:M::qfmt::$PWD/by2:" >own/register
[ "$(out/p)" = "by $PWD/by2 of out/p" ] || die "the view's come first"
umount own
mount -t binfmt_misc none "$M" || die "mount over the host's"
[ "$(grep -c ^magic "$M/host")" = 1 ] || die "the host's are listed"
[ "$(out/p 1)" = "by $PWD/by of out/p 1" ] || die "used, taken over"
echo 0 >"$M/host"
(exec out/p 2>/dev/null) && die "switched off in the view"
echo -1 >"$M/host"
[ ! -e "$M/host" ] || die "removed in the view"
umount "$M"
[ "$(out/p 1)" = "by $PWD/by of out/p 1" ] || die "the host has it still"
# What the host registers now is seen at once: the file would not run.
printf "late\0\n" >late
chmod 755 late
echo ":late:M::late::$PWD/by2:" >"$M/register" || die "register at the host"
[ "$(./late)" = "by $PWD/by2 of ./late" ] || die "seen late"
exit 0
