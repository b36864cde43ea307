#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bind.sh - a bind, or an overlay, keeps the file system that it shows
#
# bind.expected is what the kernel's own mounts gave. As root that is looked at
# as well, in a mount namespace; UM_UPDATE=1 writes it anew.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mount umount mke2fs e2fsck diff
want=$here/bind.expected

natively() {
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null || return 0
	mkdir "$T_TMP/kernel"
	# mount(8) writes into /run/mount: not into the host's
	# shellcheck disable=SC2016 # for that shell
	timeout 60 unshare -m --propagation private bash -c '
		mount -t tmpfs none /run && exec bash "$@"' bash \
		"$here/bind_list.sh" "$T_TMP/kernel" -t tmpfs none \
		>"$T_TMP/got" 2>&1
	[ -z "${UM_UPDATE:-}" ] || cp "$T_TMP/got" "$want"
	diff -u "$want" "$T_TMP/got" || fail "the kernel does not do as expected"
}

# in_view NAME UMVIEW-OPTIONS -- MOUNT-ARGUMENTS
in_view() {
	local dir=$T_TMP/$1 flags=()
	shift
	for (( ; $#; )); do
		[ "$1" != -- ] || break
		flags+=("$1")
		shift
	done
	shift
	as_user mkdir "$dir"
	as_user "$UMVIEW" -q "${flags[@]}" bash "$here/bind_list.sh" \
		"$dir" "$@" >"$T_TMP/got" 2>&1
	diff -u "$want" "$T_TMP/got" || fail "not as the kernel: ${flags[*]} $*"
}

as_user mkdir "$T_TMP/tree"
FS=ext4 pack_image "$IMG" 8M "$T_TMP/tree"
natively
in_view view -- -t tmpfs none
in_view slow --no-agent -- -t tmpfs none

printf -- '- an image is whole, and free again, when the last of them is gone\n'
must_guest <<'EOS'
mkdir -p src b1 b2
must mount -t umfuseext2 -o rw+ "$IMG" src
must mount --bind src b1
must umount src
echo kept >b1/f || die "write"
refused any . mount -t umfuseext2 -o rw+ "$IMG" src
must mount --bind b1 b2
must umount b1
same "the second bind" kept "$(cat b2/f)"
must umount b2
must e2fsck -fn "$IMG"
must mount -t umfuseext2 -o rw+ "$IMG" src
same "what was written" kept "$(cat src/f)"
must mount --bind src b1
must umount -f src
same "not by force either" kept "$(cat b1/f)"
echo last >b1/g || die "write"
EOS
as_user e2fsck -fn "$IMG" >"$T_TMP/fsck" 2>&1 || fail "at the end: $(cat "$T_TMP/fsck")"
printf -- '- another view goes on with its own\n'
must_guest <<'EOS'
mkfifo go end
must mount -t umfuseext2 -o rw+ "$IMG" src
must mount --bind src b1
umview -q sh -c 'umount src && cat b1/g && ! [ -e src/g ] && echo >go
	read -r _ <end; cat b1/g' >inner.out &
read -r _ <go
same "here" last "$(cat src/g)"
must umount b1 src
echo >end
wait
same "there" "last last" "$(xargs <inner.out)"
must e2fsck -fn "$IMG"
EOS
nothing_outside
