#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# headers.sh - every header compiles alone, and twice
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need gcc

lwip=$UM_BUILD_DIR/debian/lwip/src/include
read -r -a fuse < <(pkg-config --cflags fuse3 2>/dev/null)
while read -r header; do
	dir=$(dirname "$header")
	flags=(-std=gnu17 -fsyntax-only -Wall -Wextra -Werror -D_GNU_SOURCE
		-Wno-unused-function -Iumview/include -Iumview
		-Ipurelibc/include -Itests -I"$dir" "${fuse[@]}")
	case $header in
	modules/umnetlwip/stack/*)
		# lwIP's source is there where the build fetched it
		[ -d "$lwip" ] || continue
		flags+=(-isystem "$lwip" -Imodules/umnetlwip/stack/lwip
			-Imodules/netproc)
		;;
	modules/umnetlwip/tests/*)
		flags+=(-Imodules/umnetlwip -Imodules/netproc)
		;;
	modules/tun/tests/*) flags+=(-Imodules/tun) ;;
	umview/agent/*) flags+=(-ffreestanding -mgeneral-regs-only) ;;
	kmview-module/*) continue ;; # built against a kernel's headers
	esac
	out=$(printf '#include "%s"\n#include "%s"\n' "$PWD/$header" \
		"$PWD/$header" | gcc "${flags[@]}" -x c - 2>&1) ||
		found "$header does not compile alone and twice: $out"
done < <(files '*.h')

# A public header is used by sources with other standards than ours.
for header in umview/include/umview/*.h; do
	out=$(printf '#include <umview/%s>\nint one;\n' "${header##*/}" |
		gcc -std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra \
			-Wpedantic -Werror -Iumview/include -x c - 2>&1) ||
		found "$header is not plain C11: $out"
done
nothing_found
