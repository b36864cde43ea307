#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format.sh - clang-format decides
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need clang-format

mapfile -t sources < <(files '*.c' '*.h')
[ "${#sources[@]}" -eq 0 ] || clang-format --dry-run -Werror "${sources[@]}" ||
	found "run: clang-format -i FILE"
nothing_found
