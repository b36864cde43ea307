// SPDX-License-Identifier: GPL-2.0-or-later
/* mmap.c - mapped files: private, shared, written, executed */

#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static char *map(int fd, size_t len, int prot, int flags, off_t off)
{
	char *p = mmap(NULL, len, prot, flags, fd, off);

	if (!CHECK(p != MAP_FAILED))
		_exit(1);
	return p;
}

static void private_mappings_read_and_do_not_write_back(void)
{
	int fd;
	char *p;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDONLY);
	p = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	CHECK_MEM(p, "0123456789\0\0", 12);
	p[0] = 'X';
	CHECK_FILE("f", "0123456789");
	CHECK_OK(close(fd));
	CHECK_EQ(p[5], '5');
	CHECK_OK(munmap(p, PAGE));
}

static void shared_writes_reach_readers_at_once(void)
{
	char buf[4] = "";
	int fd;
	int other;
	char *p;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	other = t_open("f", O_RDONLY);
	p = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	memcpy(p, "abc", 3);
	CHECK_EQ(pread(fd, buf, 3, 0), 3);
	CHECK_MEM(buf, "abc", 3);
	CHECK_EQ(pread(other, buf, 3, 0), 3);
	CHECK_MEM(buf, "abc", 3);
	CHECK_FILE("f", "abc3456789");
	CHECK_EQ(pwrite(fd, "Z", 1, 9), 1);
	CHECK_EQ(p[9], 'Z');
	CHECK_OK(msync(p, PAGE, MS_SYNC));
	CHECK_OK(munmap(p, PAGE));
	close(fd);
	close(other);
	CHECK_FILE("f", "abc345678Z");
}

static void what_was_written_is_no_hole(void)
{
	const off_t size = 64 * PAGE;
	int fd = t_open("f", O_RDWR | O_CREAT);
	char *p;

	CHECK_OK(ftruncate(fd, size));
	p = map(fd, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	p[5 * PAGE + 7] = 'x';
	CHECK_EQ(lseek(fd, 5 * PAGE, SEEK_DATA), 5 * PAGE);
	CHECK(lseek(fd, 5 * PAGE, SEEK_HOLE) > 5 * PAGE);
	CHECK_OK(munmap(p, (size_t)size));
	CHECK_EQ(lseek(fd, 5 * PAGE, SEEK_DATA), 5 * PAGE);
}

static void a_read_only_view_follows_writes(void)
{
	int ro;
	int rw;
	char *p;

	t_put("f", "0123456789");
	ro = t_open("f", O_RDONLY);
	p = map(ro, PAGE, PROT_READ, MAP_SHARED, 0);
	CHECK_MEM(p, "0123456789", 10);
	rw = t_open("f", O_RDWR);
	CHECK_EQ(pwrite(rw, "ab", 2, 4), 2);
	CHECK_MEM(p, "0123ab6789", 10);
	CHECK_EQ(lseek(rw, 0, SEEK_END), 10);
	CHECK_EQ(write(rw, "more", 4), 4);
	CHECK_MEM(p, "0123ab6789more", 14);
}

static void two_processes_share(void)
{
	int there[2];
	int back[2];
	pid_t pid;
	char *p;

	t_fill("f", PAGE, 1);
	CHECK_OK(pipe(there));
	CHECK_OK(pipe(back));
	pid = t_fork();
	if (pid == 0) {
		p = map(t_open("f", O_RDWR), PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED, 0);
		t_await(there[0]);
		CHECK_MEM(p, "parent", 6);
		memcpy(p + 100, "child", 5);
		t_post(back[1]);
		_exit(0);
	}
	p = map(t_open("f", O_RDWR), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		0);
	memcpy(p, "parent", 6);
	t_post(there[1]);
	CHECK(t_await(back[0]));
	CHECK_MEM(p + 100, "child", 5);
	CHECK_EQ(t_wait(pid), 0);
}

static void forked_mappings(void)
{
	int fd;
	pid_t pid;
	char *s;
	char *p;

	t_fill("f", PAGE, 1);
	fd = t_open("f", O_RDWR);
	s = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	p = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	p[0] = 'p';
	close(fd);
	pid = t_fork();
	if (pid == 0) {
		s[1] = 's';
		p[0] = 'c';
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(s[1], 's');
	CHECK_EQ(p[0], 'p');
	fd = t_open("f", O_RDONLY);
	CHECK_EQ(pread(fd, p + 8, 2, 0), 2);
	CHECK_EQ(p[9], 's');
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus_jump, 1);
}

static bool faults(const volatile char *p)
{
	bool hit = true;

	signal(SIGBUS, on_bus);
	if (sigsetjmp(bus_jump, 1) == 0) {
		(void)*p;
		hit = false;
	}
	signal(SIGBUS, SIG_DFL);
	return hit;
}

static void beyond_the_end_is_a_bus_error(void)
{
	int fd;
	char *p;

	t_fill("f", PAGE + 10, 1);
	fd = t_open("f", O_RDWR);
	p = map(fd, 4 * PAGE, PROT_READ, MAP_SHARED, 0);
	CHECK(!faults(p + PAGE + 5));
	CHECK(!faults(p + PAGE + 4000));
	CHECK_EQ(p[PAGE + 4000], 0);
	CHECK(faults(p + 2 * PAGE));
	CHECK_OK(ftruncate(fd, 3 * PAGE));
	CHECK(!faults(p + 2 * PAGE));
	CHECK_EQ(p[2 * PAGE], 0);
	CHECK_OK(ftruncate(fd, 10));
	CHECK(faults(p + PAGE));
	CHECK(!faults(p));
	CHECK_EQ(p[0], t_byte(0, 1));
	CHECK_EQ(p[20], 0);
}

static void growing_under_a_writable_mapping(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	char buf[8] = "";
	char *p;

	CHECK_OK(ftruncate(fd, PAGE));
	p = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	memcpy(p + 100, "first", 5);
	CHECK_OK(ftruncate(fd, 2 * PAGE));
	memcpy(p + PAGE, "second", 6);
	CHECK_EQ(pread(fd, buf, 6, PAGE), 6);
	CHECK_MEM(buf, "second", 6);
	CHECK_OK(munmap(p, 2 * PAGE));
	CHECK_EQ(pread(fd, buf, 5, 100), 5);
	CHECK_MEM(buf, "first", 5);
	CHECK_EQ(t_size("f"), 2 * PAGE);
}

static void an_offset_maps_that_part(void)
{
	int fd;
	char *p;

	t_fill("f", 5 * PAGE, 7);
	fd = t_open("f", O_RDWR);
	p = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 2 * PAGE);
	CHECK_EQ(p[10], t_byte(2 * PAGE + 10, 7));
	CHECK_EQ(p[PAGE + 1], t_byte(3 * PAGE + 1, 7));
	p[0] = 'X';
	CHECK_OK(munmap(p, 2 * PAGE));
	p = map(fd, 5 * PAGE, PROT_READ, MAP_PRIVATE, 0);
	CHECK_EQ(p[2 * PAGE], 'X');
	CHECK_EQ(p[2 * PAGE - 1], t_byte(2 * PAGE - 1, 7));
}

static void after_munmap_and_close_it_is_in_the_file(void)
{
	enum { SIZE = 64 * PAGE };
	char *buf = malloc(SIZE);
	int fd = t_open("f", O_RDWR | O_CREAT);
	char *p;
	size_t i;

	CHECK_OK(ftruncate(fd, SIZE));
	p = map(fd, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	close(fd);
	for (i = 0; i < SIZE; i++)
		p[i] = t_byte(i, 8);
	CHECK_OK(munmap(p, SIZE));
	CHECK_EQ(t_get("f", buf, SIZE), SIZE);
	for (i = 0; i < SIZE && buf[i] == t_byte(i, 8); i++)
		;
	CHECK_EQ(i, SIZE);
	CHECK_OK(rename("f", "g"));
	CHECK_EQ(t_size("g"), SIZE);
	free(buf);
}

static void an_unlinked_file_stays_mapped(void)
{
	int fd;
	char *p;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	p = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_OK(unlink("f"));
	close(fd);
	t_put("f", "another");
	CHECK_MEM(p, "0123456789", 10);
	p[0] = 'X';
	CHECK_FILE("f", "another");
	CHECK_OK(munmap(p, PAGE));
}

#ifdef __x86_64__
static void code_runs_from_a_mapping(void)
{
	/* mov $42,%eax; ret */
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	int (*fn)(void);
	int fd = t_open("f", O_RDWR | O_CREAT);
	char *p;

	CHECK_EQ(write(fd, code, sizeof(code)), (ssize_t)sizeof(code));
	p = map(fd, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0);
	memcpy(&fn, &p, sizeof(fn));
	CHECK_EQ(fn(), 42);
	p = map(fd, PAGE, PROT_READ, MAP_SHARED, 0);
	CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	memcpy(&fn, &p, sizeof(fn));
	CHECK_EQ(fn(), 42);
}
#else
static void code_runs_from_a_mapping(void)
{
	t_note("not for this machine");
}
#endif

static void rights_come_from_the_descriptor(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	int ro;
	int wo;
	char *p;

	t_fill("f", PAGE, 1);
	ro = t_open("f", O_RDONLY);
	wo = t_open("f", O_WRONLY);
	CHECK_ERRNO(mmap(NULL, PAGE, rw, MAP_SHARED, ro, 0), EACCES);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0), EACCES);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
	p = map(ro, PAGE, PROT_READ, MAP_SHARED, 0);
	CHECK_ERRNO(mprotect(p, PAGE, rw), EACCES);
	p = map(ro, PAGE, PROT_READ, MAP_PRIVATE, 0);
	CHECK_OK(mprotect(p, PAGE, rw));
	p[0] = 'X';
}

static void fails_with_the_right_error(void)
{
	int fd;
	int dir = t_open(".", O_RDONLY);

	t_fill("f", PAGE, 1);
	fd = t_open("f", O_RDWR);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 999, 0), EBADF);
	CHECK_ERRNO(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0), EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1),
		    EINVAL);
	CHECK_ERRNO2(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dir, 0), ENODEV,
		     EACCES);
	CHECK_ERRNO(
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("f", O_PATH), 0),
		EBADF);
}

static void fixed_and_remapped(void)
{
	int fd;
	char *room;
	char *p;

	t_fill("f", 3 * PAGE, 2);
	fd = t_open("f", O_RDWR);
	room = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	p = mmap(room + PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, PAGE);
	CHECK(p == room + PAGE);
	CHECK_EQ(p[3], t_byte(PAGE + 3, 2));
	p = mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[PAGE + 3], t_byte(2 * PAGE + 3, 2));
	p[0] = 'R';
	CHECK_EQ(pread(fd, room + PAGE, 0, 0), 0);
	CHECK_OK(msync(p, 2 * PAGE, MS_ASYNC));
	CHECK_OK(madvise(p, 2 * PAGE, MADV_WILLNEED));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(private_mappings_read_and_do_not_write_back);
	RUN(shared_writes_reach_readers_at_once);
	RUN(what_was_written_is_no_hole);
	RUN(a_read_only_view_follows_writes);
	RUN(two_processes_share);
	RUN(forked_mappings);
	RUN(beyond_the_end_is_a_bus_error);
	RUN(growing_under_a_writable_mapping);
	RUN(an_offset_maps_that_part);
	RUN(after_munmap_and_close_it_is_in_the_file);
	RUN(an_unlinked_file_stays_mapped);
	RUN(code_runs_from_a_mapping);
	RUN(rights_come_from_the_descriptor);
	RUN(fails_with_the_right_error);
	RUN(fixed_and_remapped);
	return t_done();
}
