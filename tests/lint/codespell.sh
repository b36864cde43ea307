#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# codespell.sh - spelling; words that are right are in codespell.words
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need codespell

codespell --ignore-words tests/lint/codespell.words \
	--skip './.git,./build,*.img,./tests/fuzz/corpus*' . ||
	found "correct it, or add the word to tests/lint/codespell.words"
nothing_found
