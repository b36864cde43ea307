#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# main_job.sh - the main job on an image made by mke2fs
#
# usage: main_job.sh ext2|ext3|ext4 [TYPE-GIVEN-TO-MOUNT]
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
FS=${1:-ext4}
type=${2:-umfuseext2}
need mke2fs e2fsck debugfs findmnt busybox

as_user bash -c '
	mkdir -p "$1/etc/sub" "$1/bin" && cd "$1" &&
	cp /etc/passwd /etc/group /etc/services etc/ 2>/dev/null
	ln -s ../passwd etc/sub/link && ln etc/passwd etc/sub/hard &&
	chmod 640 etc/group && touch -d 2001-02-03T04:05:06Z etc/passwd &&
	cp "$(command -v busybox)" bin/busybox &&
	printf "#!/bin/bash\necho script runs: \$0\n" >script.sh &&
	chmod 755 script.sh' bash "$T_TMP/tree" || fail "no tree"
pack_image "$IMG" 64M "$T_TMP/tree"

# The mount point is /mnt, as in the README; nobody outside may see it.
outside=$(ls -A /mnt)
must_guest TYPE="$type" <<'EOS' &
before=$(ls -A /mnt)
must mount -t "$TYPE" disk.img /mnt
out=$(must ls -la /mnt) || exit 1
grep -q ' script.sh$' <<<"$out" || die "ls: $out"
must cp -a /mnt/etc /mnt/etc2
must diff -r /mnt/etc /mnt/etc2
same "mtime kept by cp -a" "$(stat -c '%Y %a' /mnt/etc/passwd)" \
	"$(stat -c '%Y %a' /mnt/etc2/passwd)"
same "links kept by cp -a" "$(stat -c %h /mnt/etc/passwd)" \
	"$(stat -c %h /mnt/etc2/passwd)"
echo hi > /mnt/new || die "echo > /mnt/new"
same "new" hi "$(cat /mnt/new)"
must /mnt/bin/busybox ls / >out.busybox
must ls / | sort >out.ls
same "busybox ls /" "$(cat out.ls)" "$(sort out.busybox)"
same "script" "script runs: /mnt/script.sh" "$(bash /mnt/script.sh)"
same "script executed" "script runs: /mnt/script.sh" "$(/mnt/script.sh)"
must df /mnt >out.df
grep -q ' /mnt$' out.df || die "df: $(cat out.df)"
must findmnt /mnt >out.findmnt
grep -q '^/mnt ' out.findmnt || die "findmnt: $(cat out.findmnt)"
same "lines in mountinfo" 1 "$(grep -c ' /mnt ' /proc/self/mountinfo)"
: >mounted
for _ in $(seq 100); do [ -e seen ] && break; sleep 0.1; done
must umount /mnt
same "/mnt after umount" "$before" "$(ls -A /mnt)"
same "lines in mountinfo" 0 "$(grep -c ' /mnt ' /proc/self/mountinfo)"
EOS
job=$!
if wait_for 60 test -e "$T_TMP/mounted" -o ! -d "/proc/$job"; then
	[ "$(ls -A /mnt)" = "$outside" ] || fail "/mnt changed outside"
	! grep -q "disk.img" /proc/self/mountinfo || fail "seen in mountinfo"
fi
: >"$T_TMP/seen"
wait "$job" || fail "the main job: exit status $?"

fsck_img "$IMG"
[ "$(debugfs -R 'cat /new' "$IMG" 2>/dev/null)" = hi ] ||
	fail "the image does not hold /new"
debugfs -R 'ls -p /etc2' "$IMG" 2>/dev/null | grep -q /passwd/ ||
	fail "the image does not hold /etc2"
printf 'main job on %s, mounted as %s: done\n' "$FS" "$type"
