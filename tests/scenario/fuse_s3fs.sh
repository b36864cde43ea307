#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_s3fs.sh - s3fs in a view, against s3server.py on loopback
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need s3fs python3 curl
printf 'id:secret\n' | user_write passwd
as_user chmod 600 passwd
cp "$here/s3server.py" "$T_TMP"
must_guest <<'EOS'
python3 s3server.py port >server.log 2>&1 & server=$!
for _ in $(seq 100); do
	[ -s port ] && break
	sleep 0.1
done
url=http://127.0.0.1:$(cat port) || die "server: $(cat server.log)"
start() {
	s3fs bucket "$MNT" -o "url=$url,use_path_request_style" \
		-o passwd_file="$PWD/passwd" || die "s3fs: $?"
	for _ in $(seq 100); do
		grep -q " $MNT fuse" /proc/self/mounts && return
		sleep 0.1
	done
	die "not mounted"
}
start
echo first >"$MNT/hello" || die "write"
must mkdir "$MNT/dir"
seq 20000 >"$MNT/many" || die "write"
must mv "$MNT/many" "$MNT/dir/moved"
same "read" first "$(cat "$MNT/hello")"
echo more >>"$MNT/hello" || die "append"
same "appended" "first more" "$(paste -sd' ' "$MNT/hello")"
must ln -s hello "$MNT/link"
same "by the link" "first more" "$(paste -sd' ' "$MNT/link")"
must chmod 600 "$MNT/hello"
same "mode" 600 "$(stat -c %a "$MNT/hello")"
same "names" "dir hello link" "$(ls "$MNT" | paste -sd' ')"
must rm "$MNT/link"
must umount "$MNT"
same "on the server" "dir/ 0 dir/moved 108894 hello 11" \
	"$(curl -s "$url/?dump" | paste -sd' ')"
start
seq 20000 | cmp - "$MNT/dir/moved" || die "what is there again"
same "mode again" 600 "$(stat -c %a "$MNT/hello")"
must rm -r "$MNT/dir" "$MNT/hello"
must umount "$MNT"
same "nothing left" "" "$(curl -s "$url/?dump")"
kill $server
wait $server
true
EOS
nothing_outside
