#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# completion_test.sh - words that the bash completion offers
#
# usage: completion_test.sh COMPLETION_FILE
set -u
# shellcheck source=/dev/null
. "${1:?usage: completion_test.sh COMPLETION_FILE}"
failed=0

# offers WANT FUNCTION WORD... : the last word is completed
offers()
{
	local want=$1 function=$2

	COMP_WORDS=("${@:3}")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	"$function" 2>/dev/null
	if [ "${COMPREPLY[*]}" != "$want" ]; then
		echo "FAIL: ${*:3}: got '${COMPREPLY[*]}', want '$want'"
		failed=1
	fi
}

# Stand for the commands; the completion calls them.
# shellcheck disable=SC2317
um_ls_service()
{
	printf '%s\n' 'umfuse: FUSE' 'umdev: devices'
}

# shellcheck disable=SC2317
um_fsalias()
{
	printf '%s\n' 'ext4 umfuseext2'
}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
: >"$dir/umxyz.so"
export UMVIEW_MODULE_PATH=/nowhere:$dir

offers '--preload' _umview umview --pre
offers 'warn' _umview umview -q --log-level w
offers 'umxyz' _umview umview -p umx
offers 'umxyz' _um_add_service um_add_service umx
offers 'umfuse' _um_del_service um_del_service umf
offers 'umfuse umdev' _um_del_service um_del_service ''
offers 'ext4' _um_fsalias um_fsalias -d e
offers 'ext4' _viewmount viewmount -t e
offers '--read-only --read-write' _viewmount viewmount --read
offers '--lazy' _viewumount viewumount --l
offers '--protocols --proto' _mstack mstack --pro
offers '/proc' _viewumount viewumount /pro
offers '--serverid' _vuname vuname --s
exit $failed
