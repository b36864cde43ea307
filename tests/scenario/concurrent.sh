#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# concurrent.sh - 50 guests at once on one image; then all of it is there
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
guests=${1:-50}
mkimg "$IMG" 256M

must_guest N="$guests" <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
must mkdir "$MNT/shared"
worker() { # NUMBER
	local d=$MNT/w$1 i
	set -e
	mkdir "$d"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		head -c $((i * 997)) /dev/zero | tr '\0' "$(printf '\\%03o' \
			$((65 + $1 % 26)))" >"$d/f$i"
		echo "$1 $i" >>"$MNT/shared/log"
		ln "$d/f$i" "$d/hard$i"
		ln -s "f$i" "$d/sym$i"
		mv "$d/f$i" "$d/g$i"
		[ "$(stat -c %s "$d/g$i")" = $((i * 997)) ]
		[ "$(wc -c <"$d/hard$i")" = $((i * 997)) ]
		rm "$d/sym$i"
		mv "$d/g$i" "$MNT/shared/$1-$i"
		ls "$MNT/shared" >/dev/null
	done
	rm "$d"/hard[1-5]
	mkdir -p "$d/x/y/z"
	rmdir "$d/x/y/z"
}
pids=()
for ((n = 1; n <= N; n++)); do
	worker "$n" &
	pids+=($!)
done
bad=0
for pid in "${pids[@]}"; do
	wait "$pid" || bad=$((bad + 1))
done
same "workers that failed" 0 "$bad"
same "appended lines, none lost" $((N * 10)) "$(wc -l <"$MNT/shared/log")"
same "appended lines, none twice" $((N * 10)) "$(sort -u "$MNT/shared/log" | wc -l)"
must umount "$MNT"
EOS
fsck_img "$IMG"
must_guest N="$guests" <<'EOS'
must mount -t umfuseext2 -o ro "$IMG" "$MNT"
same "files" $((N * 10 + 1)) "$(ls "$MNT/shared" | wc -l)"
for ((n = 1; n <= N; n++)); do
	letter=$(printf '%b' "$(printf '\\%03o' $((65 + n % 26)))")
	for i in 1 5 10; do
		same "$n-$i" "$((i * 997)) $letter" \
			"$(wc -c <"$MNT/shared/$n-$i") $(fold -w 1 \
			"$MNT/shared/$n-$i" | sort -u | tr -d '\n')"
	done
	same "hard links of $n" 5 "$(ls "$MNT/w$n" | grep -c ^hard)"
done
must umount "$MNT"
EOS
nothing_outside
