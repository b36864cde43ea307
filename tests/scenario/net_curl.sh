#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_curl.sh - curl's own tests, on a stack of the view
#
# usage: net_curl.sh DIR
#
# What passes natively must pass there. The installed curl is tested; the tests
# and their servers are of Debian's source, kept and built in DIR. Of the 1600
# those are run that take no more than two minutes together. Of all, 1107 pass,
# as natively; most others want programs linked with a libcurl of the same build.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need curl perl make cc
need_stack
T_TIMEOUT=600
source=$1/curl
built=$1/curl-tests
timeout 300 "$here/../../cmake/debian-source.sh" curl "$1" >"$T_TMP/log" 2>&1 ||
	skip "no source of curl: $(tail -n 1 "$T_TMP/log")"

build_servers() {
	rm -rf "$built" && mkdir "$built" && cd "$built" &&
		"$source/configure" -q --without-ssl --disable-shared \
			--disable-ldap --disable-manual &&
		make -s -C tests/server && : >"$built/complete"
}

[ -e "$built/complete" ] || (build_servers) >"$T_TMP/log" 2>&1 ||
	fail "curl's servers: $(tail -n 20 "$T_TMP/log")"
work=$T_TMP/tests
as_user cp -R "$built/tests" "$work" || fail "cannot copy $built/tests"
cd "$work" || fail cd

# run_tests COMMAND... - sorted numbers of what passes; SELECTION says which
run_tests() {
	"$@" env srcdir="$source/tests" perl -I"$source/tests" \
		"$source/tests/runtests.pl" -c "$(command -v curl)" \
		-vc "$(command -v curl)" -a -am -n "${selection[@]}" \
		</dev/null 2>&1 | tee "$T_TMP/out" |
		sed -n 's/^PASS: 0*\([1-9][0-9]*\) .*/\1/p' | sort
}

# 29, 30, 190, 250, 251: nothing but seconds of waiting.
selection=('!29' '!30' '!190' '!250' '!251' 1 to 399 600 to 999)
run_tests in_view --net=umnetlwip,lo >"$T_TMP/view"
cp "$T_TMP/out" "$T_TMP/view.out"
printf -- '- %d pass in the view\n' "$(wc -l <"$T_TMP/view")"
[ -s "$T_TMP/view" ] || fail "$(tail -n 30 "$T_TMP/view.out")"
find "$source/tests/data" -name 'test[1-9]*' -printf '%f\n' | sed 's/^test//' |
	awk '$1 <= 399 || $1 >= 600 && $1 <= 999' |
	grep -vxE '29|30|190|25[01]' | sort >"$T_TMP/all"
mapfile -t selection < <(comm -23 "$T_TMP/all" "$T_TMP/view")
[ ${#selection[@]} -gt 0 ] || exit 0
run_tests as_user >"$T_TMP/native"
[ ! -s "$T_TMP/native" ] || fail "these pass natively: $(xargs <"$T_TMP/native")
$(grep -A8 FAILED "$T_TMP/view.out")"
printf 'note: %d do not pass natively, either\n' ${#selection[@]}
exit 0
