// SPDX-License-Identifier: GPL-2.0-or-later
/* page.c - the pages of the web interface */
#include "page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void page_escape(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if (*text == '"')
			fputs("&quot;", to);
		else if (*text == '\'')
			fputs("&#39;", to);
		else
			fputc(*text, to);
	}
}

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<style>body{font:16px sans-serif;margin:1em auto;max-width:60em;padding:0 1em}"
	"nav a{margin-right:1em}pre{background:#eee;padding:.5em;overflow:auto}"
	"td{padding:.1em .5em}.bad{color:#b00}</style>\n<title>";

static void write_head(FILE *to, const struct page *page,
		       const struct menu *menu)
{
	fputs(head, to);
	page_escape(to, page->node);
	fputs("</title></head><body>\n<h1>VDE switch ", to);
	page_escape(to, page->node);
	fputs("</h1>\n<nav><a href=\"/\">switch</a>", to);
	for (size_t i = 0; i < menu->count; i++) {
		if (!menu->items[i].is_menu)
			continue;
		fputs("<a href=\"/", to);
		page_escape(to, menu->items[i].path);
		fputs("\">", to);
		page_escape(to, menu->items[i].path);
		fputs("</a>", to);
	}
	fputs("</nav>\n", to);
}

/* What makes sense for a connection that lasts only. */
static bool is_for_sessions(const char *path)
{
	return strcmp(path, "logout") == 0 || strcmp(path, "debug/add") == 0 ||
	       strcmp(path, "debug/del") == 0;
}

/* A command of the menu itself, not of one below. */
static bool is_in(const struct menu_item *item, const char *dir)
{
	size_t len = strlen(dir);
	const char *path = item->path;

	if (item->is_menu || is_for_sessions(path))
		return false;
	if (len) {
		if (strncmp(path, dir, len) != 0 || path[len] != '/')
			return false;
		path += len + 1;
	}
	return !strchr(path, '/');
}

static void write_form(FILE *to, const struct page *page,
		       const struct menu_item *item)
{
	fputs("<tr><td><form method=\"post\" action=\"/", to);
	page_escape(to, page->dir);
	fputs("\"><button name=\"cmd\" value=\"", to);
	page_escape(to, item->path);
	fputs("\">", to);
	page_escape(to, item->path);
	fputs("</button>", to);
	if (item->args[0]) {
		fputs(" <input name=\"arg\" autocomplete=\"off\" placeholder=\"",
		      to);
		page_escape(to, item->args);
		fputs("\">", to);
	}
	fputs("</form></td><td>", to);
	page_escape(to, item->help);
	fputs("</td></tr>\n", to);
}

/* Ask for the lines of an answer, as text. Return: as mgmt_ask() */
static int ask_text(struct mgmt_call *call, const char *line, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int ret;

	if (!out)
		return -ENOMEM;
	ret = mgmt_ask(call, line, out);
	if (fclose(out) != 0 && ret >= 0)
		ret = -ENOMEM;
	return ret;
}

static int write_answer(FILE *to, struct mgmt_call *call, const char *line)
{
	char *text = NULL;
	int ret = ask_text(call, line, &text);

	if (ret >= 0) {
		fputs(ret ? "<h2 class=\"bad\">" : "<h2>", to);
		page_escape(to, line);
		fputs(": ", to);
		page_escape(to, call->why);
		fputs("</h2>\n", to);
	}
	if (ret >= 0 && text[0]) {
		fputs("<pre>", to);
		page_escape(to, text);
		fputs("</pre>\n", to);
	}
	free(text);
	return ret;
}

static int write_command(FILE *to, const struct page *page,
			 struct mgmt_call *call, const struct menu *menu)
{
	const struct menu_item *item = menu_find(menu, page->cmd);
	char line[MGMT_LINE_MAX];
	int len;

	if (!item || item->is_menu || is_for_sessions(item->path))
		return -EINVAL;
	len = snprintf(line, sizeof(line), "%s%s%s", item->path,
		       page->arg && page->arg[0] ? " " : "",
		       page->arg ? page->arg : "");
	if (len >= (int)sizeof(line))
		return -EINVAL;
	return write_answer(to, call, line);
}

/* What a menu has to show by itself. */
static int write_info(FILE *to, const struct page *page, struct mgmt_call *call,
		      const struct menu *menu)
{
	static const char *const names[] = { "showinfo", "list", "print" };
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < sizeof(names) / sizeof(names[0]);
	     i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s%s", page->dir,
			 page->dir[0] ? "/" : "", names[i]);
		if (menu_find(menu, path))
			ret = write_answer(to, call, path);
	}
	return ret;
}

static int read_menu(struct mgmt_call *call, struct menu *menu)
{
	char *text = NULL, *state, *line;
	int ret = ask_text(call, "help", &text);

	if (ret > 0)
		ret = -EPROTO;
	line = ret < 0 ? NULL : strtok_r(text, "\n", &state);
	for (; line && ret == 0; line = strtok_r(NULL, "\n", &state))
		ret = menu_add(menu, line);
	free(text);
	return ret;
}

static int write_body(FILE *to, const struct page *page, struct mgmt_call *call,
		      const struct menu *menu)
{
	const struct menu_item *item = menu_find(menu, page->dir);
	int ret = 0;

	if (page->dir[0] && (!item || !item->is_menu))
		return -ENOENT;
	write_head(to, page, menu);
	if (page->cmd)
		ret = write_command(to, page, call, menu);
	if (ret >= 0)
		ret = write_info(to, page, call, menu);
	/* The answer to "shutdown" is that nobody answers. */
	if (ret == -ECONNRESET && page->cmd)
		fputs("<p>The switch is gone.</p>", to);
	else if (ret < 0)
		return ret;
	fputs("<table>\n", to);
	for (size_t i = 0; i < menu->count; i++) {
		if (is_in(&menu->items[i], page->dir))
			write_form(to, page, &menu->items[i]);
	}
	fputs("</table></body></html>\n", to);
	return 0;
}

int page_write(FILE *to, const struct page *page, struct mgmt_call *call)
{
	struct menu menu = { 0 };
	int ret = read_menu(call, &menu);

	if (ret == 0)
		ret = write_body(to, page, call, &menu);
	menu_fini(&menu);
	return ret;
}
