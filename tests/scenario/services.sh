#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# services.sh - the commands: services, aliases, names, mounts, shutdown
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
mkimg "$IMG" 16M

printf -- '- outside of a view: exit status 2 and a word\n'
for command in 'um_add_service umfuse' 'um_del_service umfuse' um_ls_service \
	'um_fsalias' 'viewname x' 'viewmount -t ext4 a b' 'viewumount a' \
	'umshutdown 0'; do
	# shellcheck disable=SC2086
	as_user $command >"$T_TMP/out" 2>"$T_TMP/err"
	[ $? -eq 2 ] || fail "$command outside: not 2"
	grep -qi view "$T_TMP/err" || fail "$command outside says: $(cat "$T_TMP/err")"
	as_user "${command%% *}" --help >"$T_TMP/out" 2>"$T_TMP/err" ||
		fail "${command%% *} --help"
	grep -q '^Usage:' "$T_TMP/out" || fail "${command%% *} --help"
	as_user "${command%% *}" --version | grep -q '[0-9]\.[0-9]' ||
		fail "${command%% *} --version"
done

printf -- '- services\n'
must_guest <<'EOS'
same "at start" "" "$(um_ls_service)"
must um_add_service umfuse
um_ls_service | grep -q '^umfuse: ..' || die "um_ls_service: $(um_ls_service)"
refused 1 'exist|already' um_add_service umfuse
must um_del_service umfuse
same "after removal" "" "$(um_ls_service)"
refused 1 'no such|not' um_del_service umfuse
refused 1 '' um_add_service /dev/null

# mount loads the module by itself; it is in use while something is mounted.
must mount -t umfuseext2 "$IMG" "$MNT"
um_ls_service | grep -q '^umfuse' || die "mount did not load umfuse"
refused 1 'busy|use' um_del_service umfuse
must umount "$MNT"
must um_del_service umfuse
must um_add_service -p umfuse
refused 1 'busy|permanent' um_del_service umfuse
EOS

printf -- '- aliases\n'
must_guest <<'EOS'
for t in ext2 ext3 ext4; do
	um_fsalias | grep -qE "^${t}[[:space:]]+umfuseext2$" ||
		die "no alias for $t: $(um_fsalias)"
done
must um_fsalias mine ext4
must mount -t mine "$IMG" "$MNT"
must umount "$MNT"
must um_fsalias mine ''
refused any 'unknown|no such' mount -t mine "$IMG" "$MNT"
must um_fsalias ext4 ''
refused any '' viewmount -t ext4 "$IMG" "$MNT"
must um_fsalias loop1 loop2
refused 1 'back to itself' um_fsalias loop2 loop1
must um_fsalias loop2 elsewhere
refused 1 'back to itself' um_fsalias loop2 loop1
must um_fsalias loop2 ''
refused any 'no module' viewmount -t loop1 "$IMG" "$MNT"
refused 1 'back to itself' um_fsalias a a
refused 1 'back to itself' um_fsalias loop1 loop1
for word in 'a b' "a$(printf '\nb')" ' ' "$(printf 'a\tb')"; do
	refused 1 'without blanks' um_fsalias "$word" umfuseext2
	refused 1 'without blanks' um_fsalias mine "$word"
done
EOS

printf -- '- names\n'
must_guest <<'EOS'
same "no name" "" "$(viewname)"
same "prompt" "$(uname -n)[$(vuname -U):$(vuname -V)]" "$(viewname -p)"
must viewname "a name"
same "name" "a name" "$(viewname)"
same "prompt" "a name" "$(viewname -p)"
same "vuname -N" "a name" "$(vuname -N)"
for word in ' ' 'a ' "$(printf 'a\nb')" "$(printf '\033[7m')"; do
	refused 1 'no blank' viewname "$word"
done
same "still" "a name" "$(viewname)"
refused 1 'long' viewname "$(printf 'x%.0s' $(seq 65))"
same "first view" 0 "$(vuname -V)"
must kill -0 "$(vuname -U)"
same "vuname -s" "$(uname -s)" "$(vuname -s)"
same "vuname -m" "$(uname -m)" "$(vuname -m)"
grep -q 'View-OS' <<<"$(vuname -o)" || die "vuname -o"
EOS

printf -- '- viewmount, viewumount\n'
must_guest <<'EOS' 2>"$T_TMP/err"
refused 2 'source is empty' viewmount -t ext4 '' "$MNT"
refused 2 'target is empty' viewmount -t ext4 "$IMG" ''
refused 1 'an option is wrong' viewmount -t ext4 -o except= "$IMG" "$MNT"
must viewmount -t ext4 "$IMG" "$MNT"
must touch "$MNT/x"
exec 7<"$MNT/x"
refused 1 'busy|use' viewumount "$MNT"
must viewumount -l "$MNT"
exec 7<&-
refused 1 'not mounted|invalid|nothing' viewumount "$MNT"
EOS
grep -q '^umview: except=: begin it with a slash' "$T_TMP/err" ||
	fail "except= says: $(cat "$T_TMP/err")"
wait_for 30 fsck_img "$IMG"

printf -- '- umshutdown\n'
guest <<'EOS'
sleep 100 & a=$!
(trap '' TERM; sleep 100) & b=$!
must umshutdown 1
for _ in $(seq 60); do
	kill -0 "$a" 2>/dev/null || kill -0 "$b" 2>/dev/null || exit 0
	sleep 0.1
done
die "umshutdown left guests"
EOS
status=$?
# The script is a guest too: it is told to end, or sees the others gone.
case $status in
0 | 143 | 137) ;;
*) fail "umshutdown: exit status $status" ;;
esac
nothing_outside
