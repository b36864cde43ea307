#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layers.sh - a file includes only its own layer and lower ones
#
# base < guest < vnode < view < dev < fuse < net < sys < proc < main. Of the agent the others see
# agent/proto.h, and it sees none of them. purelibc is beneath all. A module sees <umview/…> and its own
# folder. Tests (*_test.c) may include what they test.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

declare -A rank=([base]=1 [guest]=2 [vnode]=3 [view]=4 [dev]=5 [fuse]=6 [net]=7 [sys]=8 [proc]=9 [main]=10)

# includes FILE - its includes, one a line: "name" or <name>
includes() {
	sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]+(["<][^">]+[">]).*/\1/p' \
		"$1"
}

check_core() { # FILE LAYER INCLUDE
	local to=${3%%/*}
	case $3 in
	agent/proto.h | purelibc/site.h) return ;;
	*/*) ;;
	*)
		found "$1: \"$3\" lacks its folder"
		return
		;;
	esac
	if [ -z "${rank[$to]:-}" ]; then
		found "$1: \"$3\" is of no layer"
	elif [ "${rank[$to]}" -gt "${rank[$2]}" ]; then
		found "$1: layer $2 may not include $3"
	fi
}

while read -r file; do
	layer=${file#umview/}
	layer=${layer%%/*}
	while read -r inc; do
		name=${inc:1:-1}
		case $layer:$inc in
		include:\"*) found "$file: public headers include <umview/…>" ;;
		include:\<umview/*) ;;
		agent:\"agent/*) ;;
		agent:\"*) found "$file: the agent may not include $name" ;;
		agent:\<umview/vuctl*.h\>) ;;
		agent:\<umview/*) found "$file: the agent may not include $name" ;;
		*:\<base/* | *:\<guest/* | *:\<vnode/* | *:\<view/* | \
			*:\<dev/* | *:\<fuse/* | *:\<proc/* | *:\<main/*)
			found "$file: write \"$name\""
			;;
		*:\"*) check_core "$file" "$layer" "$name" ;;
		esac
	done < <(includes "$file")
done < <(files '*.c' '*.h' '*.S' '*.def' | grep '^umview/' | grep -v '_test\.c$')

while read -r file; do
	dir=$(dirname "$file")
	module=${file#modules/}
	module=modules/${module%%/*}
	while read -r inc; do
		name=${inc:1:-1}
		case $inc in
		\"*)
			path=$(realpath -m --relative-to=. "$dir/$name")
			[ -e "$path" ] || path=$module/$name
			[ -e "$path" ] || path=$module/stack/lwip/$name
			[ -e "$path" ] || path=modules/netproc/$name
			[ -e "$path" ] || path=modules/tun/$name
			[ -e "$path" ] || path=um_cmds/$name
			case $module:$name in
			# its own process, which is built with lwIP's source
			modules/umnetlwip:lwip/* | modules/umnetlwip:netif/*)
				continue ;;
			esac
			case $path in
			# what umfuse has for the programs it runs
			modules/umfuse/program.h) ;;
			# libraries that stand beside the modules
			modules/netproc/*.h | modules/tun/*.h | \
				um_cmds/families.h | um_cmds/vnl.h) ;;
			"$module"/*) [ -e "$path" ] ||
				found "$file: $name is not in $module" ;;
			*) found "$file: $name is outside $module" ;;
			esac
			;;
		\<base/* | \<guest/* | \<vnode/* | \<view/* | \<proc/* | \
			\<main/* | \<agent/*)
			found "$file: a module may not include $name"
			;;
		esac
	done < <(includes "$file")
done < <(files '*.c' '*.h' | grep '^modules/' | grep -v '_test\.c$')
nothing_found
