#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# chromium.sh - a browser with its sandbox (seccomp filters of its own) and without
#
# The page and the browser's profile lie on an image. What the page's script
# makes of it must be what it makes natively.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck chromium
T_TIMEOUT=150
mkimg "$IMG" 256M
user_write "$T_TMP/page.html" <<'EOS'
<p id=x></p><script>x.textContent = "sum " + (40 + 2)</script>
EOS

# browse PROFILE PAGE OPTION...
browse='
	profile=$1 page=$2
	shift 2
	HOME=$profile chromium --headless --disable-gpu --no-first-run \
		--disable-dev-shm-usage "$@" --user-data-dir="$profile" \
		--dump-dom "file://$page" 2>"$profile.err"'

tried=0
for option in --enable-sandbox --no-sandbox; do
	as_user mkdir -p "$T_TMP/native"
	want=$(as_user bash -c "$browse" sh "$T_TMP/native" "$T_TMP/page.html" \
		$option) || want=
	case $want in
	*'sum 42'*) ;;
	*)
		printf 'note: natively it does not run with %s here\n' "$option"
		continue
		;;
	esac
	tried=$((tried + 1))
	must_guest browse="$browse" want="$want" option="$option" <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
must cp page.html "$MNT/page.html"
mkdir -p "$MNT/profile"
got=$(bash -c "$browse" sh "$MNT/profile" "$MNT/page.html" "$option") ||
	die "exit status $? with $option: $(tail -n 5 "$MNT/profile.err")"
same "page, $option" "$want" "$got"
[ -d "$MNT/profile/Default" ] || die "no profile was made"
for i in {1..50}; do
	umount "$MNT" 2>/dev/null && exit 0
	sleep 0.1 # its helpers may still be ending
done
umount "$MNT"
EOS
	fsck_img "$IMG"
done
[ $tried -gt 0 ] || skip "chromium does not run natively here"
