#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# agent.sh - the agent stands alone: no undefined symbol, no interpreter, no
# dynamic section, no TLS, no executable stack, nothing both writable and
# executable
#
# usage: agent.sh ELF
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need nm readelf
elf=${1:?usage: agent.sh ELF}

undefined=$(nm -u "$elf" 2>&1)
[ -z "$undefined" ] || found "undefined: $undefined"
headers=$(readelf -lW "$elf") || exit 1
grep -q 'Elf file type is EXEC' <<<"$headers" || found "not a static ET_EXEC"
for kind in INTERP DYNAMIC TLS; do
	! grep -qE "^ +$kind " <<<"$headers" || found "has a $kind segment"
done
! grep -qE '^ +(LOAD|GNU_STACK).* RWE ' <<<"$headers" ||
	found "writable and executable: $headers"
# Vector registers belong to the guest.
if command -v objdump >/dev/null 2>&1; then
	vector=$(objdump -d "$elf" | grep -E '%[xyz]mm[0-9]' | head -n 3)
	[ -z "$vector" ] || found "uses vector registers: $vector"
fi
nothing_found
