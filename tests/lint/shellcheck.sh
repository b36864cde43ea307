#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# every shell script passes shellcheck
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need shellcheck

mapfile -t scripts < <(shell_files)
shellcheck -x "${scripts[@]}" || found "shellcheck is not content"
nothing_found
