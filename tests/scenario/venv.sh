#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# venv.sh - a Python environment made and used on a mounted image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
python=/usr/bin/python3
[ -x "$python" ] || skip "$python is not installed"
"$python" -c 'import ensurepip' 2>/dev/null ||
	skip "python3-venv is not installed"
mkimg "$IMG" 256M

must_guest PYTHON="$python" <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
cd "$MNT" || exit 1
must "$PYTHON" -m venv env
same "prefix" "$MNT/env" "$(env/bin/python -c 'import sys; print(sys.prefix)')"
must env/bin/python -m pip --version >/dev/null
must env/bin/pip list --disable-pip-version-check >/dev/null
mkdir -p pkg && echo 'def f(): return 42' >pkg/__init__.py
must env/bin/python -m compileall -q pkg
same "import" 42 "$(env/bin/python -c 'import pkg; print(pkg.f())')"
must env/bin/python - <<'PY'
import mmap, multiprocessing, os, shutil, sqlite3, tempfile
with tempfile.TemporaryDirectory(dir=".") as d:
	with open(os.path.join(d, "m"), "wb+") as f:
		f.truncate(8192)
		m = mmap.mmap(f.fileno(), 8192)
		m[4096:4101] = b"hello"
		m.flush()
		f.seek(4096)
		assert f.read(5) == b"hello"
		m.close()
	shutil.copytree("pkg", os.path.join(d, "pkg"))
	with multiprocessing.Pool(4) as pool:
		assert pool.map(abs, range(-100, 0)) == list(range(100, 0, -1))
assert not [n for n in os.listdir(".") if n.startswith("tmp")]
PY
cd / && must umount "$MNT"
EOS
fsck_img "$IMG"
nothing_outside
