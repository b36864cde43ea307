#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# secure.sh - permissions: the mount option human, and umview --secure
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck python3 chroot setpriv

printf -- '- human: as whom one is\n'
mkimg "$IMG" 16M
must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
must mkdir "$MNT/closed" "$MNT/mine"
echo secret >"$MNT/closed/f"
must chown -R 77:77 "$MNT/closed" "$MNT"
must chown "$(id -u):$(id -g)" "$MNT/mine"
must chmod 700 "$MNT/closed"
same "by default" secret "$(cat "$MNT/closed/f")"
must umount "$MNT"
must mount -t umfuseext2 -o human "$IMG" "$MNT"
refused 1 'denied' cat "$MNT/closed/f"
refused 1 'denied' touch "$MNT/new"
refused 1 'not permitted' chmod 777 "$MNT/closed"
must cp /bin/true "$MNT/mine/t"
must "$MNT/mine/t"
chmod 600 "$MNT/mine/t"
refused 126 'denied' "$MNT/mine/t"
mkdir "$MNT/mine/d"
(cd "$MNT/mine/d" && chmod 0 . && ls) 2>/dev/null && die "listed a closed one"
must umount "$MNT"
EOS
fsck_img "$IMG"

printf -- '- secure: what the kernel says, user by user\n'
mkimg "$IMG" 16M
guest -- -s <<'EOS' >"$T_TMP/view" || fail "the view: $(tail -n 3 "$T_TMP/view")"
must mount -t umfuseext2 "$IMG" "$MNT"
must rmdir "$MNT/lost+found"
must python3 "$here/permissions.py" "$MNT" 2>/dev/null
must umount "$MNT"
EOS
fsck_img "$IMG"
for line in '1:1 access f700 r: 0' '2:2 open closed/f r: EACCES' \
	'2:2 chmod: EPERM' '2:2 unlink in a sticky one: EPERM' \
	'2:2[1] create in group: 0' '2:2 device: EPERM' '2:2 mount: no' \
	'0:0 open closed/f rw: 0' 'all/made/f: 5:6 100640'; do
	grep -Fxq "$line" "$T_TMP/view" || fail "not said in the view: $line"
done
if [ "$(id -u)" = 0 ]; then
	mkdir "$T_TMP/native"
	(cd / && python3 "$here/permissions.py" "$T_TMP/native") \
		>"$T_TMP/host" 2>"$T_TMP/err" ||
		fail "natively: $(tail -n 3 "$T_TMP/err")"
	diff "$T_TMP/host" "$T_TMP/view" || fail "the host says it otherwise"
else
	echo "  (not compared with the host: that takes root)"
fi

printf -- '- secure: what takes root\n'
guest -- -s <<'EOS' || fail "exit status $?"
same "at start" 0:0 "$(id -u):$(id -g)"
drop="chroot --userspec=5:5 --groups= /"
same "its groups after its user, with capabilities kept" "5 6 7 8" \
	"$(echo $(setpriv --reuid 5 --regid 6 --groups 7,8 \
		sh -c 'id -u; id -g; id -G | cut -d" " -f2-'))"
refused any 'not permitted' setpriv --reuid 5 \
	setpriv --regid 6 --clear-groups true
must python3 - <<'PY'
import os
os.setresuid(5, 5, 5)
try:
    os.setresgid(6, 6, 6)
    raise SystemExit("without asking to keep them, too")
except PermissionError:
    pass
PY
must viewmount -t ext4 "$IMG" "$MNT"
refused 1 'not allowed|not permitted' $drop viewumount "$MNT"
refused 1 'not allowed|not permitted' $drop viewmount -t ramfs none "$MNT"
refused 1 'not allowed|not permitted' $drop um_add_service hide
refused 1 'not allowed|not permitted' $drop um_del_service umfuse
refused 1 'not allowed|not permitted' $drop um_fsalias a b
refused 1 'not allowed|not permitted' $drop viewname n
refused 1 'not allowed|not permitted' $drop umshutdown 0
must cp /usr/bin/id "$MNT/id"
must chown 9 "$MNT/id"
must chmod 4755 "$MNT/id"
same "set-uid" 9 "$($drop "$MNT/id" -u)"
must mount -o remount,nosuid "$MNT"
same "nosuid" 5 "$($drop "$MNT/id" -u)"
must umount "$MNT"
EOS
fsck_img "$IMG"
