#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_smb.sh - smbnetfs in a view, against a smbd of the ordinary user's own
#
# Samba's client knows one port, 445. In a network name space with nothing but
# loopback an ordinary user may be given it; that takes root.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need smbd pdbedit smbnetfs unshare ip
if [ -z "${IN_NAMESPACE:-}" ]; then
	[ "$(id -u)" = 0 ] || skip "it takes root to give a user port 445"
	IN_NAMESPACE=1 unshare -n "$here/fuse_smb.sh"
	exit
fi
ip link set lo up || fail "no loopback"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start || skip "no port 445"

as_user mkdir -p server client share .smb
as_user chmod 700 .smb
user=$(as_user id -un)
directories() {
	local kind
	for kind in lock state cache pid private; do
		printf '%s %s = %s\n' $kind \
			"$([ $kind = private ] && echo dir || echo directory)" "$1"
	done
}
{
	printf '[global]\n'
	directories "$T_TMP/server"
	cat <<-E
		server role = standalone server
		interfaces = 127.0.0.1/8
		bind interfaces only = yes
		smb ports = 445
		disable netbios = yes
		load printers = no
		disable spoolss = yes
		ncalrpc dir = $T_TMP/server/ncalrpc
		passdb backend = tdbsam:$T_TMP/server/passdb.tdb
		[share]
		path = $T_TMP/share
		read only = no
	E
} | user_write smbd.conf
{
	printf '[global]\nname resolve order = host\n'
	directories "$T_TMP/client"
} | user_write .smb/smb.conf
user_write .smb/smbnetfs.conf <<-E
	smb_query_browsers "false"
	use_libsecret "false"
	auth "$user" "pw"
	host localhost WORKGROUP visible=true
E
as_user chmod 600 .smb/smb.conf .smb/smbnetfs.conf
printf 'pw\npw\n' | as_user pdbedit -s "$T_TMP/smbd.conf" -a -t "$user" \
	>log 2>&1 || fail "pdbedit: $(tail -1 log)"
as_user smbd -s "$T_TMP/smbd.conf" -F --no-process-group --debug-stdout \
	</dev/null >smbd.log 2>&1 &
stop_smbd() {
	kill "$(cat "$T_TMP/server/smbd.pid")" 2>/dev/null
	wait
}
t_at_end stop_smbd
answers() { (: <>/dev/tcp/127.0.0.1/445) 2>/dev/null; }
wait_for 20 answers || fail "smbd: $(tail -3 smbd.log)"

printf 'from the server\n' | user_write share/hello
must_guest <<'EOS'
must smbnetfs "$MNT"
share=$MNT/localhost/share
same "read" "from the server" "$(cat "$share/hello")"
must mkdir "$share/dir"
seq 20000 >"$share/many" || die "write"
must mv "$share/many" "$share/dir/moved"
same "written" 20000 "$(wc -l <"$share/dir/moved")"
same "a part" 9999 "$(sed -n 9999p "$share/dir/moved")"
must rm "$share/hello"
same "names" dir "$(ls "$share")"
must umount "$MNT"
must smbnetfs "$MNT"
same "again" 20000 "$(wc -l <"$share/dir/moved")"
EOS
nothing_outside
[ "$(wc -l <share/dir/moved)" = 20000 ] || fail "not on the server"
[ ! -e share/hello ] || fail "still on the server"
