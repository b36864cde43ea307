#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nested_ends.sh - what a nested view alone has mounted is written back and free
# when its last process has ended, though the session goes on
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs tar fuse2fs
as_user mkdir -p "$T_TMP"/{tree,a,b}
printf 'hello\n' | user_write "$T_TMP/tree/hello"
pack_image "$IMG" 8M "$T_TMP/tree"
as_user tar -C "$T_TMP" -cf "$T_TMP/tree.tar" tree
as_user mkfifo "$T_TMP/up" "$T_TMP/end" "$T_TMP/go"

cat >"$T_TMP/words.sh" - "$here/guest.sh" <<'EOS'
export PATH=$PATH:/usr/sbin:/sbin
# in_image WANT FILE: what the image itself has
in_image() {
	same "$2 in the image" "$1" "$(debugfs -R "cat $2" "$IMG" 2>/dev/null)"
	e2fsck -fn "$IMG" >fsck.out 2>&1 || die "$(cat fsck.out)"
}
EOS

printf -- '- its command has ended: what follows finds the image done with\n'
must_guest <<'EOS'
. ./words.sh
for n in 1 2 3 4 5; do
	must umview -q sh -c "mount -t umfuseext2 '$IMG' a && echo $n >a/new"
	in_image "$n" new
done
must mount -t umfuseext2 "$IMG" b
same "mounted again" 5 "$(cat b/new)"
must umount b
EOS

printf -- '- no agent\n'
must_guest -- --no-agent <<'EOS'
. ./words.sh
must umview -q sh -c 'mount -t umfuseext2 "$IMG" a && echo slow >a/new'
in_image slow new
EOS

printf -- '- a daemon does not keep it\n'
must_guest <<'EOS'
. ./words.sh
must umview -q sh -c 'fuse2fs "$IMG" a && echo daemon >a/new'
in_image daemon new
EOS

printf -- '- an archive is written\n'
must_guest <<'EOS'
must umview -q sh -c 'mount -t umfusearchive tree.tar a && echo bye >a/tree/bye'
same "in the archive" bye "$(tar -xOf tree.tar tree/bye)"
EOS

printf -- '- what the command left behind keeps the view\n'
must_guest <<'EOS'
. ./words.sh
must umview -q sh -c '
	mount -t umfuseext2 "$IMG" a
	{ echo >up; read -r _ <end; echo late >a/late; echo >up; } &'
read -r _ <up
mount -t umfuseext2 "$IMG" b 2>/dev/null && die "mounted twice"
echo >end
read -r _ <up
wait_free() {
	for _ in $(seq 600); do
		mount -t umfuseext2 "$IMG" b 2>/dev/null && return
		sleep 0.1
	done
	die "the image is still in use"
}
wait_free
same "written late" late "$(cat b/late)"
must umount b
in_image late late
EOS

printf -- '- a view within it keeps what it has taken over\n'
must_guest <<'EOS'
. ./words.sh
must umview -q sh -c '
	mount -t umfuseext2 "$IMG" a
	umview -q sh -c "echo >up; read -r _ <end; echo inner >a/inner" &
	read -r _ <up'
/bin/true # a program is started when the view has ended
echo >end
for _ in $(seq 600); do
	mount -t umfuseext2 "$IMG" b 2>/dev/null && break
	sleep 0.1
done
same "by the inner view" inner "$(cat b/inner)"
must umount b
in_image inner inner
# the outer one becomes the inner one
must umview -q sh -c '
	mount -t umfuseext2 "$IMG" a
	exec umview -q sh -c "umount a; mount -t umfuseext2 \"\$IMG\" b && echo two >b/two"'
in_image two two
EOS

printf -- '- another session can have it\n'
must_guest <<'EOS' &
must umview -q sh -c 'mount -t umfuseext2 "$IMG" a && echo x >a/x'
/bin/true # likewise
echo >up
read -r _ <end
EOS
job=$!
read -r _ <"$T_TMP/up"
must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" a
same "of the first session" x "$(cat a/x)"
must umount a
EOS
echo >"$T_TMP/end"
wait "$job" || fail "the first session: exit status $?"
fsck_img "$IMG"
nothing_outside
