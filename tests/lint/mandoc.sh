#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mandoc.sh - the manual pages are well formed
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need mandoc

while read -r page; do
	# A reference to a page of ours that is not installed yet is no fault.
	out=$(mandoc -T lint -W warning "$page" 2>&1 |
		grep -v 'referenced manual not found') && found "$out"
	head -n 60 "$page" | grep -qE '^\.(SH|Sh) "?NAME' ||
		grep -q '^\.so ' "$page" || found "$page: no NAME section"
done < <(files '*.[1-8]')
nothing_found
