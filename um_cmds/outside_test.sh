#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# outside_test.sh - the commands outside a view: help, wrong usage, the message
#
# usage: outside_test.sh BINDIR
set -u
bin=${1:?usage: outside_test.sh BINDIR}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

# run COMMAND... : status in $status, output in $tmp/out and $tmp/err
run()
{
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# check WHAT CONDITION... : count and tell a failure
check()
{
	what=$1
	shift
	if ! "$@"; then
		echo "FAIL: $what (status $status)"
		sed 's/^/  out: /' "$tmp/out"
		sed 's/^/  err: /' "$tmp/err"
		failed=$((failed + 1))
	fi
}


# help, version, an unknown option, standard output that is full
for name in um_add_service um_del_service um_ls_service um_fsalias \
	viewmount viewumount viewname vuname umshutdown mstack; do
	run "$bin/$name" --help
	check "$name --help exits 0" [ $status -eq 0 ]
	check "$name --help is on stdout" grep -q "^Usage: $name" "$tmp/out"
	check "$name --help has an example" grep -q "^Example" "$tmp/out"
	check "$name --help says nothing on stderr" [ ! -s "$tmp/err" ]
	run "$bin/$name" -h
	check "$name -h exits 0" [ $status -eq 0 ]
	run "$bin/$name" --version
	check "$name --version exits 0" [ $status -eq 0 ]
	check "$name --version names it" grep -q "^$name .*[0-9]" "$tmp/out"
	run "$bin/$name" --no-such-option
	check "$name: unknown option exits 2" [ $status -eq 2 ]
	check "$name: unknown option is on stderr" \
		grep -q "$name --help" "$tmp/err"
	check "$name: unknown option leaves stdout empty" [ ! -s "$tmp/out" ]
	if [ -w /dev/full ]; then
		"$bin/$name" --help >/dev/full 2>"$tmp/err"
		status=$?
		check "$name --help on a full disk exits 1" [ $status -eq 1 ]
	fi
done

# right usage, but no view
while read -r name args; do
	# shellcheck disable=SC2086 # the words are meant to be split
	run "$bin/$name" $args
	check "$name $args: exits 2" [ $status -eq 2 ]
	check "$name $args: says where it works" grep -q \
		"^$name: this is a View-OS command: it works only inside umview" \
		"$tmp/err"
	check "$name $args: stdout is empty" [ ! -s "$tmp/out" ]
done <<'END'
um_add_service umfuse
um_add_service --permanent umfuse,debug
um_del_service umfuse
um_ls_service
um_ls_service --json
um_fsalias
um_fsalias ext4 umfuseext2
um_fsalias -d ext4
viewmount -t umfuseext2 -o ro a b
viewumount -f -l /mnt
viewname
viewname newname
viewname -p
umshutdown
umshutdown -c
mstack /dev/net/null true
mstack -v -o ip,-packet /dev/net/null true
END

# wrong usage
while read -r name args; do
	# shellcheck disable=SC2086 # the words are meant to be split
	run "$bin/$name" $args
	check "$name $args: wrong usage exits 2" [ $status -eq 2 ]
	check "$name $args: points to --help" \
		grep -q "^Try '$name --help'" "$tmp/err"
done <<'END'
um_add_service
um_add_service a b
um_add_service ,x
um_del_service
um_del_service a b
um_ls_service a
mstack
mstack /dev/net/null
mstack -o
mstack -o ipx /dev/net/null true
um_fsalias -d
um_fsalias -d a b
um_fsalias a b c
viewmount
viewmount a b
viewmount -t x a
viewmount -t x a b c
viewmount -t
viewmount -t x -o "'open a b
viewumount
viewname a b
viewname -p a
vuname a
umshutdown x
umshutdown 1 2
umshutdown 99999999999999999999
umshutdown 1x
END

# quiet, and the fall back to uname
run "$bin/viewname" -q
check "viewname -q exits 2" [ $status -eq 2 ]
check "viewname -q is silent" [ ! -s "$tmp/err" ]
for flags in "" -s -n -r -v -m -sr -snrvm; do
	# shellcheck disable=SC2086 # empty means no word
	want=$(uname $flags)
	# shellcheck disable=SC2086 # empty means no word
	run "$bin/vuname" $flags
	check "vuname $flags exits 0" [ $status -eq 0 ]
	check "vuname $flags is uname's" [ "$(cat "$tmp/out")" = "$want" ]
done
run "$bin/vuname" -a
check "vuname -a exits 0" [ $status -eq 0 ]
check "vuname -a ends with the system" grep -q ' GNU/Linux$' "$tmp/out"
run "$bin/vuname" -pi
check "vuname -pi" grep -qx 'unknown unknown' "$tmp/out"
for flags in -x -U -V -N -sU; do
	run "$bin/vuname" $flags
	check "vuname $flags exits 1" [ $status -eq 1 ]
	check "vuname $flags says why" grep -q 'not inside umview' "$tmp/err"
done
run "$bin/vuname" -xq
check "vuname -xq exits 1" [ $status -eq 1 ]
check "vuname -xq is silent" [ ! -s "$tmp/err" ]

[ $failed -eq 0 ] && echo "ok"
exit $((failed != 0))
