#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_oracle.sh - a copy-on-write view does as the kernel's overlayfs does,
# leaves what it lies over as it is, and leaves a store that overlayfs reads
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
ops=$here/overlay_ops.py
py=$(as_user sh -c 'command -v /usr/bin/python3') || skip "no python3"
as_user mkdir -p "$T_TMP"/{kl,ku,kw,km,vl,vu}
as_user "$py" "$ops" lower "$T_TMP/kl" || fail lower
as_user "$py" "$ops" lower "$T_TMP/vl" || fail lower
all() {
	find "$T_TMP/vl" -printf '%P %y %m %U %s %n %i %T@ %C@ %l\n' | sort
}
before=$(all)

# overlay OPTIONS CMD... - with the kernel's overlayfs at km, as an ordinary user
ns=(unshare -m)
user=(setpriv --reuid="$T_USER" --regid="$T_USER" --clear-groups)
[ "$(id -u)" = 0 ] || ns=(unshare -rm) user=()
overlay() {
	# shellcheck disable=SC2016
	"${ns[@]}" sh -c 'mount -t overlay o -o "$1,userxattr" "$2" || exit 9
		shift 2
		exec "$@"' sh "$1" "$T_TMP/km" "${user[@]}" "${@:2}"
}
dirs=lowerdir=$T_TMP/kl,upperdir=$T_TMP/ku,workdir=$T_TMP/kw
overlay "$dirs" true 2>/dev/null ||
	skip "this host does not let us mount the kernel's overlayfs"
overlay "$dirs" "$py" "$ops" states "$T_TMP/km" || fail "states"
overlay "$dirs" "$py" "$ops" ops "$T_TMP/km" >"$T_TMP/k.ops" || fail "ops"
overlay "$dirs" "$py" "$ops" list "$T_TMP/km" >"$T_TMP/k.list" || fail "list"

must_guest PY="$py" OPS="$ops" <<'EOS'
must mount -t viewfs -o cow "$PWD/vu" "$PWD/vl"
must "$PY" "$OPS" states "$PWD/vl"
must umount vl
must mount -t viewfs -o cow "$PWD/vu" "$PWD/vl"
"$PY" "$OPS" ops "$PWD/vl" >v.ops || die "ops"
"$PY" "$OPS" list "$PWD/vl" >v.list || die "list"
must umount vl
must mount -t viewfs -o cow "$PWD/vu" "$PWD/vl"
"$PY" "$OPS" list "$PWD/vl" >v.again || die "list"
must umount vl
EOS
[ "$(wc -l <"$T_TMP/k.ops")" -gt 700 ] || fail "the kernel's lines are missing"
diff "$T_TMP/k.ops" "$T_TMP/v.ops" || fail "not what the kernel does"
diff "$T_TMP/v.list" "$T_TMP/v.again" || fail "not what was there before"
[ "$before" = "$(all)" ] || fail "something was changed beneath"

# As topmost lower directory: notes in attributes are read there (Linux 6.7).
if [ "$(printf '6.7\n%s\n' "$(uname -r)" | sort -V | head -n1)" = 6.7 ]; then
	overlay "lowerdir=$T_TMP/vu:$T_TMP/vl" "$py" "$ops" list "$T_TMP/km" \
		>"$T_TMP/vk.list" || fail "the kernel does not take the store"
	diff "$T_TMP/v.list" "$T_TMP/vk.list" ||
		fail "the kernel reads the store otherwise"
fi
# And the other way round: a store that the kernel left.
must_guest PY="$py" OPS="$ops" <<'EOS'
must mount -t overlay -o "lowerdir=$PWD/ku:$PWD/kl" overlay "$MNT"
"$PY" "$OPS" list "$MNT" >kv.list || die "list"
must umount "$MNT"
EOS
diff "$T_TMP/k.list" "$T_TMP/kv.list" || fail "the kernel's store is read otherwise"
