// SPDX-License-Identifier: GPL-2.0-or-later
/* options.c - the command line of umview */
#include "main/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umview/log.h>
#include <umview/vuctl.h>

#include "view/view.h"

/* Options without a short form, and those accepted for nothing. */
enum {
	OPT_NO_AGENT = 256,
	OPT_STATS,
	OPT_NET,
	OPT_LOG_LEVEL,
	OPT_IGNORED,
};

static const char help_text[] =
	"Usage: umview [OPTION]... [COMMAND [ARG]...]\n"
	"Run COMMAND in a view of its own: what it and its children mount, load and\n"
	"change is seen by them alone. No COMMAND on a terminal means $SHELL.\n"
	"\n"
	"  -p, --preload MODULE[,ARGS]  load a module first (may be repeated)\n"
	"  -V, --viewname NAME    name of the view, 64 bytes at most\n"
	"  -f, --rc FILE          run FILE at start in place of ~/.viewosrc\n"
	"      --net WHAT         the network the view begins with: none, native,\n"
	"                         slirp[,FORWARD...], vde:///PATH (or another VNL),\n"
	"                         wire:NAME, kern[,one of these three],\n"
	"                         or umnet...[,OPTIONS]\n"
	"  -s, --secure           enforce permissions on virtual files\n"
	"  -x, --nonesting        modules see the host, not the view beneath them\n"
	"      --no-agent         nothing runs inside the processes (slower)\n"
	"      --stats            count calls by the road they take; print at the end\n"
	"                         and at SIGUSR1 to the monitor\n"
	"  -q, --quiet            warnings and errors only\n"
	"  -o, --output, --log FILE  write messages to FILE, not to standard error\n"
	"      --log-level LEVEL  err, warn, info, debug or trace\n"
	"  -D, --debug            the same as --log-level debug\n"
	"  -h, --help             show this help\n"
	"  -v, --version          show the version\n"
	"\n"
	"-n, --nokernelpatch, --nokmulti, --noksysvm, --nokviewos, -u and\n"
	"--userrecursion are accepted and do nothing.\n"
	"\n"
	"The exit status is COMMAND's; 128 plus the signal that killed it; 2 when the\n"
	"usage is wrong.\n"
	"\n"
	"Examples:\n"
	"  umview bash\n"
	"  umview -p umfuse -V test sh -c 'mount -t umfuseext2 disk.img /mnt; ls /mnt'\n";

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "viewname", required_argument, NULL, 'V' },
	{ "preload", required_argument, NULL, 'p' },
	{ "rc", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "log", required_argument, NULL, 'o' },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "debug", no_argument, NULL, 'D' },
	{ "nonesting", no_argument, NULL, 'x' },
	{ "secure", no_argument, NULL, 's' },
	{ "no-agent", no_argument, NULL, OPT_NO_AGENT },
	{ "net", required_argument, NULL, OPT_NET },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "nokernelpatch", no_argument, NULL, OPT_IGNORED },
	{ "nokmulti", no_argument, NULL, OPT_IGNORED },
	{ "noksysvm", no_argument, NULL, OPT_IGNORED },
	{ "nokviewos", no_argument, NULL, OPT_IGNORED },
	{ "userrecursion", no_argument, NULL, OPT_IGNORED },
	{ NULL, 0, NULL, 0 },
};

/* Not one of enum um_log_level: no option has set it. */
#define LEVEL_UNSET (-1)

static int wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *fmt, ...)
{
	va_list ap;

	fputs("umview: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'umview --help' for more information.\n", stderr);
	return -EINVAL;
}

/* Return: 1, or -errno when standard output does not take it. */
static int print(struct um_options *out, const char *text)
{
	out->help_done = true;
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return 1;
	fprintf(stderr, "umview: cannot write standard output: %s\n",
		strerror(errno));
	return -EIO;
}

static int add_preload(struct um_options *out, char *spec)
{
	char **more;

	if (spec[0] == '\0' || spec[0] == ',')
		return wrong("-p '%s': the module's name is empty", spec);
	more = reallocarray(out->preload, out->npreload + 1,
			    sizeof(out->preload[0]));
	if (!more) {
		fprintf(stderr, "umview: out of memory\n");
		return -ENOMEM;
	}
	out->preload = more;
	out->preload[out->npreload++] = spec;
	return 0;
}

static int set_viewname(struct um_options *out, const char *name)
{
	if (strlen(name) > UM_VIEWNAME_MAX)
		return wrong("-V '%s': the name is longer than %d bytes", name,
			     UM_VIEWNAME_MAX);
	if (!um_view_is_name(name))
		return wrong("-V '%s': no blank at either end, and no "
			     "newline or other control character",
			     name);
	out->viewname = name;
	return 0;
}

static int set_net(struct um_options *out, const char *value)
{
	const char *why = "";
	int ret;

	um_netopt_fini(&out->net);
	ret = um_netopt_parse(value, &out->net, &why);
	if (ret == -EINVAL)
		return wrong("--net '%s': %s", value, why);
	if (ret < 0)
		fprintf(stderr, "umview: out of memory\n");
	return ret;
}

static int set_level(struct um_options *out, const char *word)
{
	static const char *const words[] = {
		[UM_LOG_ERR] = "err",	  [UM_LOG_WARN] = "warn",
		[UM_LOG_INFO] = "info",	  [UM_LOG_DEBUG] = "debug",
		[UM_LOG_TRACE] = "trace",
	};
	int i;

	for (i = UM_LOG_ERR; i <= UM_LOG_TRACE; i++) {
		if (strcmp(word, words[i]) == 0) {
			out->log_level = i;
			return 0;
		}
	}
	return wrong("--log-level '%s': take err, warn, info, debug or trace",
		     word);
}

/* Options that switch something on. Return: whether opt is one. */
static bool take_switch(struct um_options *out, int opt)
{
	switch (opt) {
	case 'q':
		out->quiet = true;
		return true;
	case 'D':
		out->log_level = UM_LOG_DEBUG;
		return true;
	case 'x':
		out->nonesting = true;
		return true;
	case 's':
		out->secure = true;
		return true;
	case OPT_NO_AGENT:
		out->no_agent = true;
		return true;
	case OPT_STATS:
		out->stats = true;
		return true;
	case 'n':
	case 'u':
	case OPT_IGNORED:
		return true;
	default:
		return false;
	}
}

static int take_option(struct um_options *out, int opt)
{
	switch (opt) {
	case 'h':
		return print(out, help_text);
	case 'v':
		return print(out, "umview (View-OS) " UM_VERSION "\n");
	case 'V':
		return set_viewname(out, optarg);
	case 'p':
		return add_preload(out, optarg);
	case 'f':
		out->rc = optarg;
		return 0;
	case 'o':
		out->log = optarg;
		return 0;
	case OPT_NET:
		return set_net(out, optarg);
	case OPT_LOG_LEVEL:
		return set_level(out, optarg);
	default:
		if (take_switch(out, opt))
			return 0;
		/* getopt_long() has said what is wrong. */
		fputs("Try 'umview --help' for more information.\n", stderr);
		return -EINVAL;
	}
}

/* The command, or the user's shell where somebody can type into it. */
static int take_command(struct um_options *out, char **words)
{
	static char sh[] = "/bin/sh";
	char *shell = getenv("SHELL");

	out->argv = words;
	if (words[0] && words[0][0])
		return 0;
	if (words[0])
		return wrong("the command's name is empty");
	if (!isatty(STDIN_FILENO))
		return wrong("name a command to run");
	out->shell[0] = shell && shell[0] ? shell : sh;
	out->shell[1] = NULL;
	out->argv = out->shell;
	return 0;
}

int um_options_parse(int argc, char **argv, struct um_options *out)
{
	int ret = 0;
	int opt;

	*out = (struct um_options){ .log_level = LEVEL_UNSET };
	/* 0, not 1: start afresh, also in a process that parsed before. */
	optind = 0;
	/* The '+': what follows the first other word is the command's own. */
	while (ret == 0 && (opt = getopt_long(argc, argv, "+hvqV:p:f:o:Dxsnu",
					      long_options, NULL)) != -1)
		ret = take_option(out, opt);
	if (ret != 0)
		return ret;
	if (out->log_level == LEVEL_UNSET)
		out->log_level = out->quiet ? UM_LOG_WARN : UM_LOG_INFO;
	return take_command(out, argv + optind);
}

void um_options_fini(struct um_options *opts)
{
	free(opts->preload);
	um_netopt_fini(&opts->net);
	*opts = (struct um_options){ .log_level = UM_LOG_INFO };
}
