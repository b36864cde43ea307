#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_packets.sh - a character device that guests wait for: read, poll, ioctl
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 mount umount
cp "$here/umdev_packets.py" "$T_TMP/"
module=$(dirname "$UMVIEW")/../tests/umdev
[ -e "$module/umdevecho.so" ] || skip "umdevecho is not built"
export UMVIEW_MODULE_PATH=$module
for options in -q --no-agent; do
	printf -- '- umview %s\n' "$options"
	must_guest -- "$options" <<'EOS'
must mount -t umdevecho -o major=60,minor=1 none /dev/echo
must python3 umdev_packets.py /dev/echo
# the last close is seen in its own time
n=0
until umount /dev/echo 2>/dev/null; do
	n=$((n + 1))
	[ "$n" -lt 100 ] || die "busy after all have closed it"
	sleep 0.1
done
EOS
done
