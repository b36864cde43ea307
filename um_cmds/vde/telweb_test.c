// SPDX-License-Identifier: GPL-2.0-or-later
/* telweb_test.c - what vdetelweb reads: the switch, keys, its own file */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edit.h"
#include "menu.h"
#include "mgmt.h"
#include "page.h"
#include "rcfile.h"

#define LINES(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What was told, one line an event. */
struct told {
	char text[4096];
	size_t len;
};

static void tell(struct told *t, const char *what, const char *text)
{
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len,
				   "%s %s\n", what, text);
	assert_true(t->len < sizeof(t->text));
}

static void on_event(void *arg, enum mgmt_what what, const char *text, int code)
{
	static const char *const names[] = { "banner", "prompt", "data",
					     "done",   "debug",	 "bye" };
	char line[MGMT_LINE_MAX + 16];

	snprintf(line, sizeof(line), what == MGMT_DONE ? "%2$d %1$s" : "%s",
		 text, code);
	tell(arg, names[what], line);
}

/* What vde_switch 2.3.2 says. */
static const char dialogue[] =
	"VDE switch V.2.3.2\n(C) Virtual Square Team\n\nvde$ "
	"0000 DATA END WITH '.'\npid 1 cost 5$ each\n3021 looks like debug\n.\n"
	"1000 Success\n\nvde$ "
	"3021 port/+ 03 $ \n1022 Invalid argument\n\nvde$ "
	"9999 END OF SESSION";

static const char told_of_it[] = "banner VDE switch V.2.3.2\n"
				 "banner (C) Virtual Square Team\n"
				 "banner \n"
				 "prompt vde$ \n"
				 "data pid 1 cost 5$ each\n"
				 "data 3021 looks like debug\n"
				 "done 0 Success\n"
				 "prompt vde$ \n"
				 "debug 3021 port/+ 03 $ \n"
				 "done 22 Invalid argument\n"
				 "prompt vde$ \n"
				 "bye 9999 END OF SESSION\n";

static void a_dialogue_is_understood_however_it_is_cut(void **state)
{
	size_t len = sizeof(dialogue) - 1;

	(void)state;
	for (size_t piece = 1; piece <= len; piece++) {
		struct told told = { .len = 0 };
		struct mgmt_reader r = { .event = on_event, .arg = &told };

		for (size_t at = 0; at < len; at += piece)
			mgmt_feed(&r, dialogue + at,
				  len - at < piece ? len - at : piece);
		assert_string_equal(told.text, told_of_it);
	}
}

static void a_line_without_end_comes_in_pieces(void **state)
{
	struct told told = { .len = 0 };
	struct mgmt_reader r = { .event = on_event, .arg = &told };

	(void)state;
	for (int i = 0; i < 3000; i++)
		mgmt_feed(&r, "x", 1);
	mgmt_feed(&r, "\nvde$ ", 6);
	assert_int_equal(told.len, 3000 + 3 * strlen("banner \n") + 13);
}

static const char *const help[] = {
	"COMMAND PATH       SYNTAX          HELP",
	"------------       --------------  ------------",
	"ds                 ============    DATA SOCKET MENU",
	"ds/showinfo                        show ds info",
	"help               [arg]           Help (limited to arg when specified)",
	"showinfo                           show switch version and info",
	"port               ============    PORT STATUS MENU",
	"port/setvlan       N VLAN          set port VLAN (untagged)",
	"port/createauto                    create a port",
	"port/create        N               create the port N",
	"a/path/that/is/too/long X          moves the rest",
};

static int setup(void **state)
{
	struct menu *m = calloc(1, sizeof(*m));

	for (size_t i = 0; m && i < LINES(help); i++) {
		if (menu_add(m, help[i]) < 0)
			return 1;
	}
	*state = m;
	return !m;
}

static int teardown(void **state)
{
	menu_fini(*state);
	free(*state);
	return 0;
}

static void help_is_a_menu(void **state)
{
	static const struct {
		const char *path, *args, *help;
		bool is_menu;
	} rows[] = {
		{ "ds", "", "DATA SOCKET MENU", true },
		{ "ds/showinfo", "", "show ds info", false },
		{ "help", "[arg]", "Help (limited to arg when specified)",
		  false },
		{ "port/setvlan", "N VLAN", "set port VLAN (untagged)", false },
	};
	const struct menu *m = *state;

	assert_int_equal(m->count, LINES(help) - 2);
	for (size_t i = 0; i < LINES(rows); i++) {
		const struct menu_item *item = menu_find(m, rows[i].path);

		assert_non_null(item);
		assert_string_equal(item->args, rows[i].args);
		assert_string_equal(item->help, rows[i].help);
		assert_int_equal(item->is_menu, rows[i].is_menu);
	}
	assert_non_null(menu_find(m, "a/path/that/is/too/long"));
	assert_null(menu_find(m, "COMMAND"));
}

static void a_line_means_what_the_menu_says(void **state)
{
	static const struct {
		const char *dir, *line, *out, *after;
	} rows[] = {
		{ "", "showinfo", "showinfo", "" },
		{ "", "port", NULL, "port" },
		{ "port", "create 3", "port/create 3", "port" },
		{ "port", "showinfo", "showinfo", "port" },
		{ "port", "/showinfo", "showinfo", "port" },
		{ "port", "ds/showinfo", "ds/showinfo", "port" },
		{ "port", "ds", NULL, "ds" },
		{ "port", "..", NULL, "" },
		{ "port", "/", NULL, "" },
		{ "", "..", NULL, "" },
		{ "", "  port/create   3", "port/create   3", "" },
		{ "port", "bogus 1", "bogus 1", "port" },
		{ "port", "", NULL, "port" },
		{ "port", "   ", NULL, "port" },
	};

	for (size_t i = 0; i < LINES(rows); i++) {
		char dir[64], out[128] = "";

		snprintf(dir, sizeof(dir), "%s", rows[i].dir);
		assert_int_equal(menu_resolve(*state, dir, sizeof(dir),
					      rows[i].line, out, sizeof(out)),
				 rows[i].out != NULL);
		if (rows[i].out)
			assert_string_equal(out, rows[i].out);
		assert_string_equal(dir, rows[i].after);
	}
}

static void show(void *arg, const char *path)
{
	tell(arg, "", path);
}

static void a_word_is_completed(void **state)
{
	static const struct {
		const char *dir, *word, *rest;
		size_t count;
	} rows[] = {
		{ "", "show", "info", 1 },    { "", "port/cr", "eate", 2 },
		{ "port", "s", "etvlan", 1 }, { "port", "x", "", 0 },
		{ "port", "", "", 3 },	      { "", "port/create", "", 2 },
	};
	struct told told = { .len = 0 };
	char rest[64];

	for (size_t i = 0; i < LINES(rows); i++) {
		assert_int_equal(menu_complete(*state, rows[i].dir,
					       rows[i].word, rest, sizeof(rest),
					       NULL, NULL),
				 rows[i].count);
		assert_string_equal(rest, rows[i].rest);
	}
	menu_complete(*state, "port", "c", rest, sizeof(rest), show, &told);
	assert_string_equal(told.text, " createauto\n create\n");
}

static void put(void *arg, const char *text, size_t len)
{
	struct told *t = arg;

	assert_true(t->len + len < sizeof(t->text));
	memcpy(t->text + t->len, text, len);
	t->len += len;
	t->text[t->len] = '\0';
}

/* Return: the event of the last key */
static enum edit_event type(struct edit *e, const char *keys)
{
	enum edit_event event = EDIT_NOTHING;

	for (; *keys; keys++)
		event = edit_key(e, (unsigned char)*keys);
	return event;
}

static void keys_edit_the_line(void **state)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "abc", "abc" },
		{ "abc\177", "ab" },
		{ "abc\b\b\b\b", "" },
		{ "ac\033[Db", "abc" },
		{ "ac\033ODb\033OCd", "abcd" },
		{ "bc\001a", "abc" },
		{ "bc\033[Ha\033[Fd", "abcd" },
		{ "bc\033[1~a\033[4~d", "abcd" },
		{ "abc\002\002\004", "ac" },
		{ "abc\033[D\033[3~", "ab" },
		{ "one two\027", "one " },
		{ "one two  \027three", "one three" },
		{ "abc\002\013", "ab" },
		{ "abc\002\025", "c" },
		{ "a\033[1;5Cb", "ab" },
		{ "a\033xb\200\377c", "abc" },
		{ "\033[A\033[B\033[C\033[D\033[Zx", "x" },
	};

	(void)state;
	for (size_t i = 0; i < LINES(rows); i++) {
		struct told told = { .len = 0 };
		struct edit e = { .put = put, .arg = &told };

		edit_show(&e);
		type(&e, rows[i].keys);
		assert_string_equal(e.line, rows[i].line);
		assert_int_equal(e.len, strlen(rows[i].line));
		edit_fini(&e);
	}
}

static void keys_tell_of_themselves(void **state)
{
	struct told told = { .len = 0 };
	struct edit e = { .put = put, .arg = &told };

	(void)state;
	assert_int_equal(type(&e, "x\t"), EDIT_TAB);
	assert_int_equal(type(&e, "\003"), EDIT_INTERRUPT);
	assert_int_equal(type(&e, "\004"), EDIT_NOTHING);
	edit_clear(&e);
	assert_int_equal(type(&e, "\004"), EDIT_END);
	/* each of these is one Return */
	assert_int_equal(type(&e, "\r"), EDIT_ENTER);
	assert_int_equal(edit_key(&e, '\0'), EDIT_NOTHING);
	assert_int_equal(type(&e, "\r"), EDIT_ENTER);
	assert_int_equal(edit_key(&e, '\n'), EDIT_NOTHING);
	assert_int_equal(type(&e, "\n"), EDIT_ENTER);
	edit_fini(&e);
}

static void enter(struct edit *e, const char *line)
{
	type(e, line);
	assert_int_equal(type(e, "\r"), EDIT_ENTER);
	assert_string_equal(e->line, line);
	edit_clear(e);
}

static void lines_are_found_again(void **state)
{
	struct told told = { .len = 0 };
	struct edit e = { .put = put, .arg = &told };

	(void)state;
	enter(&e, "one");
	enter(&e, "two");
	enter(&e, "two");
	enter(&e, "");
	type(&e, "thr\033[A");
	assert_string_equal(e.line, "two");
	type(&e, "\020");
	assert_string_equal(e.line, "one");
	type(&e, "\033[A");
	assert_string_equal(e.line, "one");
	type(&e, "\033[B\016");
	assert_string_equal(e.line, "thr");
	edit_clear(&e);
	e.secret = true;
	type(&e, "\033[A");
	assert_string_equal(e.line, "");
	edit_fini(&e);
}

static void old_lines_and_long_ones_are_bounded(void **state)
{
	struct told told = { .len = 0 };
	struct edit e = { .put = put, .arg = &told };
	char line[16];

	(void)state;
	for (int i = 0; i < EDIT_HISTORY + 10; i++) {
		told.len = 0;
		snprintf(line, sizeof(line), "line %d", i);
		enter(&e, line);
	}
	assert_int_equal(e.count, EDIT_HISTORY);
	assert_string_equal(e.past[0], "line 10");
	for (int i = 0; i < 2 * EDIT_LINE_MAX; i++) {
		told.len = 0;
		edit_key(&e, 'x');
	}
	assert_int_equal(e.len, EDIT_LINE_MAX - 1);
	edit_fini(&e);
}

static void a_secret_is_not_shown_nor_kept(void **state)
{
	struct told told = { .len = 0 };
	struct edit e = { .put = put, .arg = &told, .secret = true };

	(void)state;
	snprintf(e.prompt, sizeof(e.prompt), "Password: ");
	edit_show(&e);
	enter(&e, "xyzzy");
	assert_null(strpbrk(told.text, "xyz"));
	assert_int_equal(e.count, 0);
	edit_fini(&e);
}

static int read_rc(const char *text, struct rcfile *rc)
{
	char copy[512];
	const char *why = NULL;
	FILE *f;
	int ret;

	snprintf(copy, sizeof(copy), "%s", text);
	f = fmemopen(copy, strlen(copy), "r");
	assert_non_null(f);
	ret = rc_read(f, rc, &why);
	fclose(f);
	assert_true(ret <= 0 || why != NULL);
	return ret;
}

static void the_file_names_the_password_and_addresses(void **state)
{
	struct rcfile rc, again;
	char text[512];

	(void)state;
	assert_int_equal(read_rc("# a comment\n\npassword pass#word\n"
				 "ip4 10.0.0.2/24\nip6\tfd00::2/64 \n"
				 "defroute 10.0.0.1\ninterface vd1\n",
				 &rc),
			 0);
	assert_true(rc_is_password(&rc, "pass#word"));
	assert_false(rc_is_password(&rc, "pass"));
	assert_false(rc_is_password(&rc, ""));
	assert_null(strstr(rc.hash, "pass#word"));
	assert_int_equal(rc.addr_count, 2);
	assert_string_equal(rc.addrs[1], "fd00::2/64");
	assert_string_equal(rc.routes[0], "10.0.0.1");
	assert_string_equal(rc.interface, "vd1");
	/* as crypt(3) has it */
	snprintf(text, sizeof(text), "password %s\n", rc.hash);
	assert_int_equal(read_rc(text, &again), 0);
	assert_true(rc_is_password(&again, "pass#word"));
}

static void nothing_is_the_password_of_an_empty_file(void **state)
{
	struct rcfile rc;

	(void)state;
	assert_int_equal(read_rc("\n", &rc), 0);
	assert_int_equal(rc.hash[0], '\0');
	assert_false(rc_is_password(&rc, ""));
}

static void a_wrong_line_is_told(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
		{ "password\n", 1 },
		{ "\npassword a b\n", 2 },
		{ "password $9$nothing\n", 1 },
		{ "ip4 10.0.0.1\n", 1 },
		{ "ip4 10.0.0.1/33\n", 1 },
		{ "ip4 10.0.0.1/x\n", 1 },
		{ "ip4 10.0.0.1/24;reboot\n", 1 },
		{ "ip6 fd00::1/129\n", 1 },
		{ "ip4 -help/24\n", 1 },
		{ "#\n#\ndefroute 10.0.0.1/24\n", 3 },
		{ "defroute router\n", 1 },
		{ "defroute 1.1.1.1\ndefroute 1.1.1.2\ndefroute 1.1.1.3\n", 3 },
		{ "interface an-interface-with-a-name-that-is-longer-than-any-that-there-is\n",
		  1 },
		{ "passwort x\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < LINES(rows); i++) {
		struct rcfile rc;

		assert_int_equal(read_rc(rows[i].text, &rc), rows[i].line);
	}
}

static void text_is_no_markup(void **state)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	page_escape(f, "<a href='x'>\"&amp;");
	fclose(f);
	assert_string_equal(text, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;");
	free(text);
}

#define WITH_MENU(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dialogue_is_understood_however_it_is_cut),
		cmocka_unit_test(a_line_without_end_comes_in_pieces),
		WITH_MENU(help_is_a_menu),
		WITH_MENU(a_line_means_what_the_menu_says),
		WITH_MENU(a_word_is_completed),
		cmocka_unit_test(keys_edit_the_line),
		cmocka_unit_test(keys_tell_of_themselves),
		cmocka_unit_test(lines_are_found_again),
		cmocka_unit_test(old_lines_and_long_ones_are_bounded),
		cmocka_unit_test(a_secret_is_not_shown_nor_kept),
		cmocka_unit_test(the_file_names_the_password_and_addresses),
		cmocka_unit_test(nothing_is_the_password_of_an_empty_file),
		cmocka_unit_test(a_wrong_line_is_told),
		cmocka_unit_test(text_is_no_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
