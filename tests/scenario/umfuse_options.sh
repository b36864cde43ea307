#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umfuse_options.sh - each mount option of umfuse, and of the core, does what
# umview-umfuse(7) and umview(1) say
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
modules=$(dirname "$UMVIEW")/../tests/umfuse
[ -e "$modules/umfusemirror.so" ] || skip "no test programs here"
export UMVIEW_MODULE_PATH=$modules
as_user mkdir "$T_TMP/back"
run_script <<'EOS'
# said REGEX: in the monitor's messages since the last time
said() {
	tail -n +$((seen + 1)) log | grep -qE -- "$1" ||
		die "not said: $1: $(tail -n +$((seen + 1)) log)"
	seen=$(wc -l <log)
}
seen=0
touch log
mem() { # OPTIONS
	must mount -t umfusememfs -o "$1" none "$MNT"
}
mirror() { # OPTIONS
	must mount -t umfusemirror -o "$1" "$PWD/back" "$MNT"
}
away() {
	must umount "$MNT"
}

mem debug
echo x >"$MNT/f"
said 'umfusememfs: (create|mknod) /f = '
away
mem fsdebug,showcall
said 'argv\[[0-9]\] = .*(,|rw,)debug'
away
mem showcall,pre=-s,post=-s
said 'argv\[1\] = -s'
away
mem "showcall,pre='-s  \"-s\"',post=\"\""
said 'argv\[2\] = -s'
away
mem showcall,nosource
tail -n +$((seen + 1)) log | grep -q '= none' && die "nosource: $(cat log)"
said 'argv\[0\] = umfusememfs'
away
must mount -t umfusememfs -o showcall NONE "$MNT"
tail -n +$((seen + 1)) log | grep -q 'NONE' && die "NONE: $(cat log)"
away
mem "showcall,format='%O %M -s'"
said "= $MNT"
away
must mount -t umfusememfs -o "showcall,format='-s %O %D'" none "$MNT"
said 'argv\[1\] = -s'
away

mem fuseuid=4711,fusegid=4712
touch "$MNT/f"
same "ids the program is told" "4711 4712" "$(stat -c '%u %g' "$MNT/f")"
away
mem uid=4713,gid=4714,umask=027
touch "$MNT/f" && mkdir "$MNT/d"
same "ids of all files" "4713 4714" "$(stat -c '%u %g' "$MNT/f")"
same "umask" "750 drwxr-x---" "$(stat -c %a "$MNT/d") $(stat -c %A "$MNT/d")"
away

mkdir -p "$MNT/own/deep" && echo own >"$MNT/own/deep/f" && echo b >"$MNT/b"
mem "except=/own,except='/own too, with a comma'"
same except own "$(cat "$MNT/own/deep/f")"
[ ! -e "$MNT/b" ] || die "the rest is covered"
away
refused any 'wrong fs|bad option' mount -t umfusememfs -o except=own none "$MNT"
mem merge
same merge b "$(cat "$MNT/b")"
same "merged below" own "$(cat "$MNT/own/deep/f")"
away
rm -r "${MNT:?}"/*
# its root is root's: with human that counts
mem human
refused any 'permission denied' mkdir "$MNT/made"
away
mem rw
must mkdir "$MNT/closed"
echo x >"$MNT/closed/f" && chmod 0 "$MNT/closed"
same "who owns the mount may all" x "$(cat "$MNT/closed/f")"
away
for word in permanent perm; do
	mkdir -p "p.$word"
	must mount -t umfusememfs -o "$word" none "p.$word"
	refused any busy umount "p.$word"
done

for how in nullpath nullpath,hard_remove; do
	mem "$how"
	exec 5>"$MNT/f" && rm "$MNT/f" && echo open >&5 || die "$how"
	same "gone: $how" "" "$(ls -A "$MNT")"
	exec 5>&-
	away
done

mem writeback=64k,debug
seq 5000 >"$MNT/f"
seq 5000 | cmp - "$MNT/f" || die writeback
away
seen=$(wc -l <log)

# What the program's files are changed by beside the mount.
echo one >back/f
mirror ro
same "known for good" one "$(cat "$MNT/f")"
away
mirror attr_timeout=0
same "at first" one "$(cat "$MNT/f")"
echo a longer one >back/f
same "the size changed" 13 "$(stat -c %s "$MNT/f")"
same "the content" "a longer one" "$(cat "$MNT/f")"
echo new >back/g
same "a new name" new "$(cat "$MNT/g")"
rm back/g
[ ! -e "$MNT/g" ] || die "a name that is gone"
away
mirror entry_timeout=3600,attr_timeout=3600
same "before" 13 "$(stat -c %s "$MNT/f")"
echo x >back/f
same "known for an hour" 13 "$(stat -c %s "$MNT/f")"
away
mirror attr_timeout=0.2
stat "$MNT/f" >/dev/null
echo again and again >back/f
for i in $(seq 100); do
	[ "$(stat -c %s "$MNT/f")" != 16 ] || break
	sleep 0.1
done
same "known for a moment" 16 "$(stat -c %s "$MNT/f")"
away
refused any 'wrong fs|bad option' mount -t umfusemirror -o attr_timeout=x back "$MNT"
refused any 'wrong fs|bad option' mount -t umfusemirror -o attr_timeout=-2 back "$MNT"

# Nothing is kept of a closed file: it is read anew.
reads() {
	tail -n +$((seen + 1)) log | grep -c 'umfusemirror: read '
}
for cache in cache=1g cache=0; do
	mirror "$cache,debug"
	seen=$(wc -l <log)
	cat "$MNT/f" >/dev/null
	for i in $(seq 100); do
		tail -n +$((seen + 1)) log | grep -q 'umfusemirror: release' && break
		sleep 0.05
	done
	before=$(reads)
	for i in $(seq 40); do
		cat "$MNT/f" >/dev/null
		[ "$cache" != cache=0 ] || [ "$(reads)" -eq "$before" ] || break
		sleep 0.05
	done
	if [ "$cache" = cache=0 ]; then
		[ "$(reads)" -gt "$before" ] || die "cache=0 keeps"
	else
		same "reads with $cache" "$before" "$(reads)"
	fi
	away
done
for bad in cache=1x cache=99999999g fuseuid=x fusegid=-1 writeback=0 "pre='x" \
	nosuchoption modules=subdir; do
	refused any 'wrong fs|bad option|quote' \
		mount -t umfusememfs -o "$bad" none "$MNT"
done
# What libfuse and mount.fuse3(8) know is taken, with or without effect.
mem allow_other,allow_root,default_permissions,fsname=x,subtype=y,large_read,max_read=4096,use_ino,readdir_ino,kernel_cache,auto_cache,noauto_cache,negative_timeout=1,ac_attr_timeout=1,intr,intr_signal=10,max_write=4096,max_readahead=1,async_read,sync_read,nonempty,big_writes
away
EOS
# its messages are wanted: no -q
as_user "$UMVIEW" --log "$T_TMP/log" "${RUN[@]}" || fail "in the view: $?"
nothing_outside
