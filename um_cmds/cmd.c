// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd.c - what the commands have in common: help, messages, exit status */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int cmd_help(const struct cmd *cmd)
{
	const char *form = cmd->usage;
	const char *head = "Usage:";

	for (;;) {
		size_t len = strcspn(form, "\n");

		printf("%s %s%s%.*s\n", head, cmd->name, len ? " " : "",
		       (int)len, form);
		if (!form[len])
			break;
		form += len + 1;
		head = "  or: ";
	}
	printf("%s", cmd->help);
	return cmd_finish(cmd, CMD_OK);
}

int cmd_version(const struct cmd *cmd)
{
	printf("%s (View-OS) %s\n", cmd->name, UM_VERSION);
	return cmd_finish(cmd, CMD_OK);
}

int cmd_try_help(const struct cmd *cmd)
{
	fprintf(stderr, "Try '%s --help' for more information.\n", cmd->name);
	return CMD_USAGE;
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", cmd->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return cmd_try_help(cmd);
}

int cmd_outside(const struct cmd *cmd)
{
	fprintf(stderr,
		"%s: this is a View-OS command: it works only inside umview; "
		"start one with 'umview COMMAND', see umview(1)\n",
		cmd->name);
	return CMD_USAGE;
}

int cmd_fail(const struct cmd *cmd, int err, const struct cmd_reason *reasons,
	     const char *fmt, ...)
{
	const char *why = NULL;
	va_list ap;

	for (; reasons && reasons->err; reasons++) {
		if (reasons->err == err)
			why = reasons->text;
	}
	fprintf(stderr, "%s: ", cmd->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", why ? why : strerror(err));
	return CMD_FAIL;
}

int cmd_finish(const struct cmd *cmd, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return cmd_fail(cmd, errno, NULL, "cannot write standard output");
}

bool cmd_parse_number(const char *text, long max, long *out)
{
	char *end;
	long value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || value > max)
		return false;
	*out = value;
	return true;
}

/*
 * Bytes of the UTF-8 sequence that text begins with; 0 when it begins with
 * none (cut, overlong, a surrogate, or above U+10FFFF).
 */
static size_t utf8_len(const unsigned char *text)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len, i;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	len = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (text[0] == 0xe0)
		lo = 0xa0;
	else if (text[0] == 0xed)
		hi = 0x9f;
	else if (text[0] == 0xf0)
		lo = 0x90;
	else if (text[0] == 0xf4)
		hi = 0x8f;
	for (i = 1; i < len; i++) {
		if (text[i] < lo || text[i] > hi)
			return 0;
		lo = 0x80;
		hi = 0xbf;
	}
	return len;
}

void cmd_print_json(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', to);
	while (*at) {
		size_t len = utf8_len(at);

		if (*at == '"' || *at == '\\')
			fprintf(to, "\\%c", *at);
		else if (*at == '\n')
			fputs("\\n", to);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(to, "\\u%04x", *at);
		else if (len)
			fwrite(at, 1, len, to);
		else
			fputs("\\ufffd", to);
		at += len ? len : 1;
	}
	fputc('"', to);
}
