# SPDX-License-Identifier: GPL-2.0-or-later
# lwip.sed - what the kernel's sockets say, made into what those of umnetlwip say
#
# All that differs and is not mended; LIMITS in umview-umnetlwip(7) tells of it.
# A cell that is deleted here depends on the moment, or on nothing anybody asks.

# ---- streams ----

# Nothing is received without a copy.
\,^tcp./.*/mmap: ,s/: = 0/: ENODEV/
# Who wants nothing waits until there is something.
\,^tcp./\(connecting\|connected\|accepted\|full\|shut WR\)/recv of nothing/timeout: ,s/: = 0/: EAGAIN/
\,^tcp./\(connecting\|connected\|accepted\|full\|shut WR\)/recv of nothing: ,s/: = 0/: waits/
# There is no error queue: the flag is not heeded.
\,^tcp./.*/recv ERRQUEUE: ,d
# One that has no connection says so in other words.
\,^tcp./\(fresh\|bound\|listening\|waited for\)/,{
	\,/\(read\|recv\|splice in\),s/: ENOTCONN/: EINVAL/
	\,/\(write\|send\|splice out\),s/: EPIPE\( SIGPIPE\)\?/: ENOTCONN/
	\,/shutdown \(RD\|RDWR\): ENOTCONN,s/\[IN OUT HUP RDHUP\]/[OUT HUP]/
}
# A listener that is shut down shows it otherwise, and keeps who waits.
\,^tcp./\(listening\|waited for\)/shutdown \(RD\|RDWR\): ,d
\,^tcp./waited for/SIOCATMARK: ,d
# A connection is not given up by connect(2) or, on its way, by shutdown(2).
\,^tcp./.*/disconnect: ,d
\,^tcp./connecting/shutdown ,d
\,^tcp./connecting/send of nothing,s/: \(EAGAIN\|waits\)/: = 0/
# A stand-in that is full is full, even when nothing more is to come.
\,^tcp./full/shutdown ,d
# What ended a connection, read(2) does not tell, nor write(2).
\,^tcp./refused/\(read\|recv\|splice in\),s/: ECONNREFUSED/: ECONNRESET/
\,^tcp./\(refused\|reset\)/\(write\|splice out\|sendfile\),s/: E[A-Z]* \[IN OUT HUP RDHUP\]/: EPIPE SIGPIPE [IN OUT ERR HUP RDHUP]/
\,^tcp./\(refused\|reset\)/send,s/: E[A-Z]* \[IN OUT HUP RDHUP\]/: EPIPE [IN OUT ERR HUP RDHUP]/
# It does not become a fresh one.
\,^tcp./\(refused\|reset\).*/\(bind\|connect\|IPV6_V6ONLY\),d
\,^tcp./both shut/\(bind\|IPV6_V6ONLY\),d
# The end itself is not counted, nor when it is acknowledged.
\,^tcp./.*/SIOCOUTQ: ,{
	\,/full/,!s/= 0 some/= 0 none/
}
\,^tcp./peer shut.*/shutdown twice: ,d
# MSG_MORE holds nothing back.
\,/send MORE: = 3 ,s/\[OUT\]$/[IN OUT]/
\,^udp./refused\, told/send MORE: ,s/\[OUT\]/[IN OUT]/

# ---- packets ----

# They are not spliced from, and what is spliced to them has no errors.
\,^udp./.*/splice in,s/: [^[]*\[/: EINVAL [/
\,^udp./\(with \(data\|nothing\)\|not connected\, data\|refused\)/splice in,s/\[OUT\]/[IN OUT]/
\,^udp./.*/\(splice out\|sendfile\),d
# The memory is looked at first.
\,^udp./.*/send from nowhere: ,s/: E[A-Z]*/: EFAULT/
\,^udp./refused/send from nowhere: ,s/\[OUT\]/[IN OUT]/
# An error waits like a packet.
\,^udp./refused,{
	s/\[OUT ERR\]/[IN OUT]/
	s/\[IN OUT ERR/[IN OUT/
	s/= 0 0xc /= 0 0x5 /
}
# SHUT_RDWR is no hang-up.
\,^udp./,{
	s/ HUP//
	s/0x2015/0x2005/
}
# The port stays when the peer is forgotten.
\,^udp./disconnected/\(bind\|getsockname\|IPV6_V6ONLY\),d
