# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sshd.sh - an sshd of the user's own on loopback, for this test alone; clients
# use ssh -F $PWD/ssh_config localhost
start_sshd() {
	local port=$((20000 + $$ % 20000))
	as_user ssh-keygen -q -t ed25519 -N '' -f host_key
	as_user ssh-keygen -q -t ed25519 -N '' -f user_key
	user_write sshd_config <<-E
		Port $port
		ListenAddress 127.0.0.1
		HostKey $PWD/host_key
		AuthorizedKeysFile $PWD/user_key.pub
		PidFile $T_TMP/sshd.pid
		StrictModes no
		UsePAM no
		Subsystem sftp internal-sftp
	E
	user_write ssh_config <<-E
		Host *
		Hostname 127.0.0.1
		Port $port
		IdentityFile $PWD/user_key
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		LogLevel ERROR
	E
	as_user /usr/sbin/sshd -f "$PWD/sshd_config" || skip "sshd does not start"
	wait_for 10 test -s "$T_TMP/sshd.pid" || fail "no sshd"
	t_at_end stop_sshd
}

stop_sshd() {
	[ ! -s "$T_TMP/sshd.pid" ] || kill "$(cat "$T_TMP/sshd.pid")" 2>/dev/null
}
