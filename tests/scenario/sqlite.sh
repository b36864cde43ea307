#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sqlite.sh - databases on a mounted image: rollback journal and WAL, two
# processes at a time
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck sqlite3
mkimg "$IMG" 128M

must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
cd "$MNT" || exit 1
sql() { sqlite3 -batch -bail -cmd '.timeout 20000' "$@"; }
writer() { # FILE NAME
	local i
	for i in $(seq 25); do
		sql "$1" "BEGIN IMMEDIATE;
			INSERT INTO t(who, n) VALUES('$2', $i);
			UPDATE sum SET total = total + $i; COMMIT;" ||
			return 1
	done
}
for mode in delete truncate persist wal; do
	db=$mode.db
	# WAL answers with its name; so does every other mode.
	same "journal mode" "$mode" "$(sql "$db" "PRAGMA journal_mode=$mode;")"
	must sql "$db" 'CREATE TABLE t(id INTEGER PRIMARY KEY, who, n);
		CREATE TABLE sum(total); INSERT INTO sum VALUES(0);'
	writer "$db" a & one=$!
	writer "$db" b & two=$!
	wait "$one" || die "$mode: writer a"
	wait "$two" || die "$mode: writer b"
	same "$mode: rows" 50 "$(sql "$db" 'SELECT count(*) FROM t;')"
	same "$mode: sum" 650 "$(sql "$db" 'SELECT total FROM sum;')"
	same "$mode: check" ok "$(sql "$db" 'PRAGMA integrity_check;')"
done

# begin FILE SQL - a reader or writer that stands inside a transaction, fed
# through descriptor 8; .shell tells when it is there
begin() {
	rm -f "$T_TMP/feed" "$T_TMP/there"
	mkfifo "$T_TMP/feed"
	sqlite3 -batch "$1" <"$T_TMP/feed" >"$T_TMP/seen" 8>&- &
	reader=$!
	exec 8>"$T_TMP/feed"
	printf 'BEGIN; %s\n.shell touch %s/there\n' "$2" "$T_TMP" >&8
	for _ in $(seq 100); do
		[ ! -e "$T_TMP/there" ] || return 0
		sleep 0.1
	done
	die "$1: no transaction"
}

# A reader in a WAL database keeps its snapshot while another writes.
begin wal.db 'SELECT count(*) FROM t;'
must sql wal.db "INSERT INTO t(who, n) VALUES('c', 1);"
printf 'SELECT count(*) FROM t; COMMIT; SELECT count(*) FROM t;\n' >&8
exec 8>&-
must wait "$reader"
same "snapshot" "50 50 51" "$(echo $(cat "$T_TMP/seen"))"

# Not committed, then killed: rolled back by the next reader.
begin delete.db "INSERT INTO t(who, n) VALUES('x', 9); SELECT count(*) FROM t;"
kill -9 "$reader"
exec 8>&-
wait "$reader" 2>/dev/null
same "rolled back" 50 "$(sql delete.db 'SELECT count(*) FROM t;')"
must sql delete.db VACUUM
cd / && must umount "$MNT"
EOS
fsck_img "$IMG"
must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
for mode in delete truncate persist wal; do
	same "$mode later" ok "$(sqlite3 "$MNT/$mode.db" 'PRAGMA integrity_check;')"
done
must umount "$MNT"
EOS
nothing_outside
