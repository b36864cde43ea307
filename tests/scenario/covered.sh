#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# covered.sh - a directory of a mount that somebody stands in, or has open, when
# something is mounted over it, is still the directory that it was
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3

guest <<'EOS' || fail "in the view"
must mount -t ramfs none "$MNT"
mkdir -p "$MNT/a/b/sub"
echo older >"$MNT/a/b/f"
echo above >"$MNT/a/g"
cd "$MNT/a/b"
exec 8<"$MNT/a" 9<"$MNT/a/b"
must mount -t ramfs none "$MNT"
mkdir -p "$MNT/a/b"
echo newer >"$MNT/a/b/f"
same "by its whole name" newer "$(cat "$MNT/a/b/f")"
same "the working directory" older "$(cat f)"
same "above it" above "$(cat ../g)"
same "a descriptor's directory" "older above" "$(python3 -c '
import os
a = os.open("b/f", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=8)
b = os.open("../g", os.O_RDONLY, dir_fd=9)
os.stat("f", dir_fd=9, follow_symlinks=False)
print(os.read(a, 9).decode().strip(), os.read(b, 9).decode().strip())')"
same "the link to it in /proc" older "$(cat /proc/self/fd/9/f)"
echo made >new || die "make"
[ -e new ] && [ ! -e "$MNT/a/b/new" ] || die "made in the wrong mount"
must mv new sub/
same "moved" made "$(cat sub/new)"
ln -s f link
same "a link" older "$(cat link)"
ln -s "$MNT/a/b/f" whole
same "a link by a whole name" newer "$(cat whole)"

# Above the mount point it is what everybody has.
same "out of it" newer "$(cat ../../../mnt/a/b/f)"

# What is mounted further down is entered, whatever is over the top.
must umount "$MNT"
must mount -t ramfs none "$MNT/a/b/sub"
echo below >sub/f
must mount -t ramfs none "$MNT/a"
same "further down" below "$(cat sub/f)"
same "and up again" older "$(cat sub/../f)"
same "up to what is covered" "" "$(ls ..)"
must umount "$MNT/a"
same "uncovered" above "$(cat ../g)"
exec 8<&- 9<&-
cd /
must umount "$MNT/a/b/sub"
must umount "$MNT"
EOS
nothing_outside
