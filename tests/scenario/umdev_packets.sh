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

# one whose module crashes answers EIO, and another one comes after it
must mount -t umdevecho none /dev/echo
must python3 -c 'import errno, fcntl, os
fd = os.open("/dev/echo", os.O_RDWR)
for cmd in 0x6504, 0x6501:
    try:
        fcntl.ioctl(fd, cmd, 0)
        raise SystemExit("it did not crash")
    except OSError as e:
        assert e.errno == errno.EIO, e'
refused any 'input/output' cat /dev/echo
must umount /dev/echo
must mount -t umdevecho none /dev/echo
must test -c /dev/echo
must umount /dev/echo
EOS
done
