#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_davfs.sh - davfs2, which wants to be root and have directories in /run
# and /var/cache: it is, and has, in a view with --secure
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mount.davfs rclone mount umount python3
as_user mkdir served
printf 'on the server\n' | user_write served/file
printf 'use_locks 0\nask_auth 0\ndelay_upload 0\n' | user_write davfs.conf
must_guest -- --secure <<'EOS'
port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
rclone serve webdav --addr 127.0.0.1:"$port" served >rclone.log 2>&1 & server=$!
for _ in $(seq 100); do
	grep -q "erving on" rclone.log && break
	sleep 0.1
done
must mount -t ramfs none /run
must mount -t ramfs none /var/cache/davfs2
mount.davfs "http://127.0.0.1:$port/" "$MNT" -o conf="$PWD/davfs.conf" \
	</dev/null || die "mount.davfs: $?; $(cat rclone.log)"
same "read" "on the server" "$(cat "$MNT/file")"
ls "$MNT" | grep -qx file || die "listed: $(ls "$MNT")"
seq 20000 >"$MNT/many" || die "write"
must mkdir "$MNT/dir"
cp "$MNT/many" "$MNT/dir/copy" || die "cp"
must mv "$MNT/dir/copy" "$MNT/dir/moved"
must umount "$MNT"
cmp "$MNT/file" /dev/null 2>/dev/null && die "mounted still"
seq 20000 | cmp - served/many || die "what arrived"
seq 20000 | cmp - served/dir/moved || die "what was moved"
kill $server
wait $server
true
EOS
nothing_outside
