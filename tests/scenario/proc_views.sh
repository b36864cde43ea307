#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proc_views.sh - /proc and /etc/mtab as the view has them
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs findmnt
as_user mkdir -p "$T_TMP/tree/bin" "$T_TMP/tree/my dir"
as_user cp "$(command -v sleep)" "$T_TMP/tree/bin/mysleep"
as_user cp "$(command -v bash)" "$T_TMP/tree/bin/mybash"
printf '#!%s/mnt/bin/mybash\nreadlink /proc/$$/exe\n' "$T_TMP" |
	user_write "$T_TMP/tree/bin/script"
as_user chmod +x "$T_TMP/tree/bin/script"
pack_image "$IMG" 32M "$T_TMP/tree"

must_guest <<'EOS'
# Other mounts of the host come and go meanwhile: look at ours alone.
ours() { grep -cF "${IMG%/*}" /proc/self/mountinfo; }
same "none at first" 0 "$(ours)"
must mount -t umfuseext2 -o ro "$IMG" "$MNT"
same "one line" 1 "$(ours)"
line=$(grep -F " $MNT " /proc/self/mountinfo)
# id parent major:minor root target options [fields] - type source options
[[ $line =~ ^[0-9]+\ [0-9]+\ [0-9]+:[0-9]+\ /\ [^\ ]+\ ro[^\ ]*\ .*-\ [^\ ]*ext2\ [^\ ]+\ ro ]] ||
	die "mountinfo: $line"
same "source in mountinfo" "$IMG" "$(sed 's/.* - [^ ]* \([^ ]*\) .*/\1/' <<<"$line")"
dev=$(stat -c '%Hd:%Ld' "$MNT")
same "major:minor is st_dev" "$dev" "$(cut -d ' ' -f 3 <<<"$line")"
ids=$(cut -d ' ' -f 1 /proc/self/mountinfo)
same "mount ids are unique" "" "$(sort <<<"$ids" | uniq -d)"
parent=$(cut -d ' ' -f 2 <<<"$line")
grep -qx "$parent" <<<"$ids" || die "no parent $parent"

for file in /proc/mounts /proc/self/mounts /etc/mtab; do
	grep -qE "^$IMG $MNT [a-z0-9.]+ ro[^ ]* 0 0$" "$file" ||
		die "$file: $(grep -F "$MNT" "$file")"
done
grep -qw umfuseext2 /proc/filesystems || die "/proc/filesystems"
same "findmnt" "$MNT $IMG" "$(findmnt -n -o TARGET,SOURCE -T "$MNT/bin" | xargs)"
df "$MNT/bin" | grep -q " $MNT$" || die "df"
must mountpoint -q "$MNT"

# A name with a blank is written as the kernel writes it.
must mount -t umfuseext2 -o ro "$IMG" "$MNT/my dir"
grep -qF "$MNT/my\\040dir " /proc/self/mountinfo || die "blank in mountinfo"
must umount "$MNT/my dir"

# exe, comm, cmdline, cwd, root, fd, maps; of this process and of another.
"$MNT/bin/mysleep" 50 <"$MNT/bin/script" & other=$!
for _ in $(seq 50); do
	[ "$(cat /proc/$other/comm)" = mysleep ] && break
	sleep 0.1
done
same "exe of another" "$MNT/bin/mysleep" "$(readlink /proc/$other/exe)"
same "comm" mysleep "$(cat /proc/$other/comm)"
same "cmdline" "$MNT/bin/mysleep 50 " "$(tr '\0' ' ' </proc/$other/cmdline)"
same "fd 0 of another" "$MNT/bin/script" "$(readlink /proc/$other/fd/0)"
grep -qF "$MNT/bin/mysleep" /proc/$other/maps || die "maps: $(cat /proc/$other/maps)"
! grep -qi agent /proc/$other/maps || echo "note: the agent is seen in maps"
must cmp "/proc/$other/exe" "$MNT/bin/mysleep"
same "mounts of another" "$(grep -F " $MNT " /proc/self/mountinfo)" \
	"$(grep -F " $MNT " /proc/$other/mountinfo)"
kill $other
same "exe of a script" "$MNT/bin/mybash" "$("$MNT/bin/script")"
same "exe" "$(readlink -f "$(command -v readlink)")" "$(readlink /proc/self/exe)"
cd "$MNT/my dir" || exit 1
same "cwd" "$MNT/my dir" "$(readlink /proc/self/cwd)"
same "pwd" "$MNT/my dir" "$(/bin/pwd)"
same "root" / "$(readlink /proc/self/root)"
exec 7<../bin/script
same "fd" "$MNT/bin/script" "$(readlink /proc/self/fd/7)"
same "by /dev/fd" "$(cat ../bin/script)" "$(cat /dev/fd/7)"
same "ls of fd" 7 "$(ls /proc/self/fd | grep -x 7)"
exec 7<&-
cd / && must umount "$MNT"
same "as at first" 0 "$(ours)"
EOS
nothing_outside

# Guests of another monitor are strangers, whatever they carry.
as_user "$UMVIEW" -q sh -c 'umview -q sh -c : ; echo up >"$1"; sleep 20; :' sh \
	"$T_TMP/other" >/dev/null 2>&1 </dev/null &
other=$!
wait_for 10 test -s "$T_TMP/other" || fail "no other view"
as_user "$UMVIEW" -q sh -c '
	for p in /proc/[0-9]*; do
		readlink "$p/exe"; readlink "$p/root"; cat "$p/mountinfo"
		readlink "$p"/fd/*
	done >/dev/null 2>&1
	kill "$1" 2>/dev/null; vuname -U >/dev/null' sh "$other" </dev/null ||
	fail "the monitor did not survive a look at all processes"
kill "$other" 2>/dev/null
wait "$other" || :

printf -- '- over the root, with the rest of the host still there\n'
must_guest <<'EOS'
cd / && except=
for name in /*; do
	[ "$name" = /usr ] || except+=,except=$name
done
must mount -t umfuseext2 -o "ro,except=/usr$except" "$IMG" /
same "mountinfo" "$IMG" "$(sed -n 's/.* \/ \/ .* - umfuseext2 \([^ ]*\) .*/\1/p' /proc/self/mountinfo)"
grep -q "^$IMG / umfuseext2 ro" /proc/mounts || die "/proc/mounts"
same "of a thread" "$(cat /proc/self/mounts)" "$(cat /proc/thread-self/mounts)"
grep -q '^umfuseext2' <(cut -f 2 /proc/filesystems) || die "/proc/filesystems"
must umount "$IMG"
! grep -q umfuseext2 /proc/mounts || die "still there"
EOS
