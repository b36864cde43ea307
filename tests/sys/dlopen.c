// SPDX-License-Identifier: GPL-2.0-or-later
/* dlopen.c - shared objects come and go, and with them sites of calls */

#include "check.h"
#include "dl_part.h"

#include <dlfcn.h>
#include <pthread.h>

enum { ROUNDS = 50 };

/* The shared object lies beside the program; a copy is made in the cwd. */
static void copy_part(const char *to)
{
	char path[T_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 20);
	char *slash;

	if (!CHECK(n > 0))
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash, 20, "/dl_part.so");
	t_copy(path, to, 0755);
}

struct part {
	void *handle;
	__typeof__(part_size) *size;
	__typeof__(part_raw) *raw;
	__typeof__(part_times) *times;
};

/* dlsym() gives objects, C wants functions: by way of memory. */
static void look_up(void *handle, const char *name, void *out)
{
	void *found = dlsym(handle, name);

	CHECK(found != NULL);
	memcpy(out, &found, sizeof(found));
}

static bool find_part(struct part *part, void *handle)
{
	part->handle = handle;
	if (!handle)
		t_note("%s", dlerror());
	if (!CHECK(handle != NULL))
		return false;
	look_up(handle, "part_size", &part->size);
	look_up(handle, "part_raw", &part->raw);
	look_up(handle, "part_times", &part->times);
	return true;
}

static void use_part(const struct part *part)
{
	struct stat st = { 0 };

	CHECK_EQ(part->times(), 0);
	CHECK_EQ(part->size("f"), 8);
	CHECK_EQ(part->size("absent"), -1);
	CHECK_EQ(part->raw(SYS_stat, "f", &st), 0);
	CHECK_EQ(st.st_size, 8);
	CHECK_EQ(part->raw(SYS_stat, "absent", &st), -ENOENT);
	CHECK_EQ(part->raw(SYS_getppid, NULL, NULL), getppid());
	CHECK_EQ(part->times(), 5);
}

static void again_and_again(void)
{
	struct part part;
	int i;

	t_put("f", "contents");
	copy_part("part.so");
	for (i = 0; i < ROUNDS; i++) {
		if (!find_part(&part, dlopen("./part.so", RTLD_NOW)))
			return;
		use_part(&part);
		CHECK_EQ(dlclose(part.handle), 0);
	}
}

/* Each is another file: none of what is known of one holds for the next. */
static void a_new_file_each_time(void)
{
	struct part part;
	int i;

	t_put("f", "contents");
	for (i = 0; i < 10; i++) {
		copy_part("part.so");
		if (!find_part(&part, dlopen("./part.so", RTLD_NOW)))
			return;
		use_part(&part);
		CHECK_EQ(dlclose(part.handle), 0);
		CHECK_OK(unlink("part.so"));
	}
}

static void *load_own_copy(void *arg)
{
	char name[32];
	struct part part;
	int i;

	snprintf(name, sizeof(name), "./part%d.so", *(const int *)arg);
	for (i = 0; i < ROUNDS / 2; i++) {
		if (!find_part(&part, dlopen(name, RTLD_NOW)))
			break;
		use_part(&part);
		CHECK_EQ(dlclose(part.handle), 0);
	}
	return NULL;
}

static void in_threads(void)
{
	static int numbers[4] = { 0, 1, 2, 3 };
	pthread_t thread[4];
	int i;

	t_put("f", "contents");
	for (i = 0; i < 4; i++)
		copy_part(t_fmt("part%d.so", i));
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, load_own_copy,
					&numbers[i]),
			 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

/* dlmopen gives the part a libc of its own. */
static void a_second_libc(void)
{
	struct part part;
	struct part other;
	int i;

	t_put("f", "contents");
	copy_part("part.so");
	for (i = 0; i < 3; i++) {
		if (!find_part(&part, dlopen("./part.so", RTLD_NOW)) ||
		    !find_part(&other,
			       dlmopen(LM_ID_NEWLM, "./part.so", RTLD_NOW)))
			return;
		CHECK(part.size != other.size);
		use_part(&part);
		use_part(&other);
		CHECK_EQ(dlclose(other.handle), 0);
		CHECK_EQ(dlclose(part.handle), 0);
	}
}

/* Linked so that constants and code are one executable segment. */
static void data_beside_code(void)
{
	static const unsigned char want[3] = { 0xb8, 0x01, 0x01 };
	unsigned char *found;
	void *handle;

	copy_part("part.so");
	handle = dlopen("./part.so", RTLD_NOW);
	CHECK(handle != NULL);
	if (!handle)
		return;
	found = dlsym(handle, "part_lookalike");
	CHECK(found != NULL);
	if (!found)
		return;
	CHECK(memcmp(found, want, 3) == 0);
	CHECK(found[5] == 0x0f && found[6] == 0x05);
	CHECK(found[21] == 0x0f && found[22] == 0x05);
	dlclose(handle);
	CHECK_EQ(unlink("part.so"), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(again_and_again);
	RUN(a_new_file_each_time);
	RUN(in_threads);
	RUN(a_second_libc);
	RUN(data_beside_code);
	return t_done();
}
