// SPDX-License-Identifier: GPL-2.0-or-later
/* check.c - checks and fixtures for the programs of tests/sys */

#include "check.h"

#include <dirent.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>

struct counters {
	atomic_int checks;
	atomic_int fails;
};

char t_work[T_PATH];
char t_host[T_PATH];
volatile sig_atomic_t t_signals;
void *volatile t_bad_ptr = (void *)8;

static struct counters *counters;
static const char *prog;
static char base[T_PATH];
static bool host_is_ours;
static int serial;
static char running[256] = "start";
static const char *way_name = "";

void t_note(const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	printf("note: %s: %s\n", running, buf);
}

void t_skip(const char *why)
{
	printf("skip: %s: %s\n", prog, why);
	t_rm_rf(AT_FDCWD, base);
	exit(77);
}

static void fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(const char *file, int line, const char *fmt, ...)
{
	const char *slash = strrchr(file, '/');
	char buf[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	printf("%s:%d: %s%s%s: %s\n", slash ? slash + 1 : file, line, running,
	       *way_name ? " by " : "", way_name, buf);
	atomic_fetch_add(&counters->fails, 1);
}

bool t_check(bool ok, const char *file, int line, const char *what)
{
	atomic_fetch_add(&counters->checks, 1);
	if (!ok)
		fail(file, line, "%s: got false, wanted true (errno %s)", what,
		     strerrorname_np(errno));
	return ok;
}

bool t_eq(long long got, long long want, const char *file, int line,
	  const char *what)
{
	int err = errno;

	atomic_fetch_add(&counters->checks, 1);
	if (got != want)
		fail(file, line, "%s: got %lld%s%s, wanted %lld", what, got,
		     got == -1 ? " " : "",
		     got == -1 ? strerrorname_np(err) : "", want);
	return got == want;
}

long t_ok(long ret, const char *file, int line, const char *what)
{
	int err = errno;

	atomic_fetch_add(&counters->checks, 1);
	if (ret < 0)
		fail(file, line, "%s: got %s, wanted success", what,
		     strerrorname_np(err));
	errno = err;
	return ret;
}

static const char *errname(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "an unknown error";
}

bool t_err(long ret, int want, int other, const char *file, int line,
	   const char *what)
{
	int err = errno;

	atomic_fetch_add(&counters->checks, 1);
	if (ret == -1 && (err == want || err == other))
		return true;
	if (ret == -1)
		fail(file, line, "%s: got %s, wanted %s", what, errname(err),
		     errname(want));
	else
		fail(file, line, "%s: got %ld, wanted %s", what, ret,
		     errname(want));
	return false;
}

bool t_str(const char *got, const char *want, const char *file, int line)
{
	atomic_fetch_add(&counters->checks, 1);
	if (strcmp(got, want) == 0)
		return true;
	fail(file, line, "got \"%.400s\", wanted \"%.400s\"", got, want);
	return false;
}

bool t_mem(const void *got, const void *want, size_t len, const char *file,
	   int line, const char *what)
{
	const unsigned char *g = got;
	const unsigned char *w = want;
	size_t i;

	atomic_fetch_add(&counters->checks, 1);
	for (i = 0; i < len && g[i] == w[i]; i++)
		;
	if (i == len)
		return true;
	fail(file, line, "%s: byte %zu of %zu: got %#x, wanted %#x", what, i,
	     len, g[i], w[i]);
	return false;
}

bool t_file(const char *path, const char *want, const char *file, int line)
{
	char buf[8192];
	ssize_t n;

	atomic_fetch_add(&counters->checks, 1);
	errno = 0;
	n = t_get(path, buf, sizeof(buf) - 1);
	if (n < 0) {
		fail(file, line, "read %s: got %s", path, errname(errno));
		return false;
	}
	buf[n] = '\0';
	if ((size_t)n == strlen(want) && strcmp(buf, want) == 0)
		return true;
	fail(file, line, "%s holds %zd bytes \"%.200s\", wanted \"%.200s\"",
	     path, n, buf, want);
	return false;
}

static void on_deadline(int sig)
{
	static const char text[] = ": deadline passed, a call hangs\n";

	(void)sig;
	if (write(STDOUT_FILENO, running, strlen(running)) < 0 ||
	    write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void start_clock(void)
{
	const char *text = getenv("T_DEADLINE");

	signal(SIGALRM, on_deadline);
	alarm(text ? (unsigned int)atoi(text) : 60);
}

void t_init(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	prog = slash ? slash + 1 : argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s DIR [HOSTDIR]\n", prog);
		exit(2);
	}
	counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counters == MAP_FAILED || !realpath(argv[1], t_work)) {
		perror(argv[1]);
		exit(2);
	}
	start_clock();
	umask(022);
	snprintf(base, sizeof(base), "%.4000s/%.80s.%d", t_work, prog,
		 (int)getpid());
	host_is_ours = argc < 3;
	snprintf(t_host, sizeof(t_host), "%.4000s",
		 argc < 3 ? "/tmp/sys.XXXXXX" : argv[2]);
	if (mkdir(base, 0755) || (host_is_ours && !mkdtemp(t_host))) {
		perror(base);
		exit(2);
	}
}

int t_done(void)
{
	int checks = atomic_load(&counters->checks);
	int fails;

	alarm(0);
	if (chdir("/") < 0)
		perror("/");
	t_rm_rf(AT_FDCWD, base);
	if (host_is_ours)
		t_rm_rf(AT_FDCWD, t_host);
	t_check(access(base, F_OK) < 0, __FILE__, __LINE__,
		"the test's directory can be removed");
	fails = atomic_load(&counters->fails);
	printf("%s: %d checks, %d failed\n", prog, checks, fails);
	return fails || !checks ? 1 : 0;
}

static void close_all(void)
{
	int fd;

	if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
		return;
	for (fd = 3; fd < 1024; fd++)
		close(fd);
}

static void enter(const char *name)
{
	snprintf(running, sizeof(running), "%s", name);
	snprintf(t_work, sizeof(t_work), "%.4000s/t%d", base, ++serial);
	if (getenv("T_VERBOSE"))
		printf("run: %s\n", name);
	start_clock();
	umask(022);
	if (mkdir(t_work, 0755) < 0 || chdir(t_work) < 0)
		fail(__FILE__, __LINE__, "%s: %s", t_work, errname(errno));
}

static void leave(void)
{
	close_all();
	signal(SIGALRM, on_deadline);
	if (chdir(base) < 0)
		fail(__FILE__, __LINE__, "chdir %s: %s", base, errname(errno));
	t_rm_rf(AT_FDCWD, t_work);
}

void t_run(const char *name, void (*fn)(void))
{
	enter(name);
	fn();
	leave();
}

static int dir_fd(int flags)
{
	return open(t_work, O_DIRECTORY | O_CLOEXEC | flags);
}

static void link_way(struct t_way *way, const char *target)
{
	snprintf(way->prefix, sizeof(way->prefix), "%.4000s/link%d/", base,
		 serial);
	if (symlink(target, t_fmt("%s/link%d", base, serial)) < 0)
		fail(__FILE__, __LINE__, "symlink: %s", errname(errno));
}

enum way_id {
	WAY_ABSOLUTE,
	WAY_CWD,
	WAY_DIRFD,
	WAY_OPATH,
	WAY_DOTS,
	WAY_SLASHES,
	WAY_PROC_FD,
	WAY_DEV_FD,
	WAY_PROC_CWD,
	WAY_LINK,
	WAY_ABS_LINK,
	WAY_COUNT
};

static const char *const way_names[WAY_COUNT] = {
	"absolute path",
	"cwd",
	"dirfd",
	"O_PATH dirfd",
	"dots",
	"slashes",
	"/proc/self/fd",
	"/dev/fd",
	"/proc/self/cwd",
	"symlink",
	"absolute symlink",
};

static void way_init(struct t_way *way, enum way_id id)
{
	const char *leaf = strrchr(t_work, '/') + 1;
	const char *pre = "";

	way->name = way_names[id];
	way->fd = AT_FDCWD;
	if (id == WAY_ABSOLUTE)
		pre = t_fmt("%s/", t_work);
	else if (id == WAY_DOTS)
		pre = t_fmt("./../%s/.//", leaf);
	else if (id == WAY_SLASHES)
		pre = t_fmt("///%s//./", t_work);
	else if (id == WAY_PROC_FD)
		pre = t_fmt("/proc/self/fd/%d/", dir_fd(0));
	else if (id == WAY_DEV_FD)
		pre = t_fmt("/dev/fd/%d/", dir_fd(0));
	else if (id == WAY_PROC_CWD)
		pre = "/proc/self/cwd/";
	else if (id == WAY_DIRFD || id == WAY_OPATH)
		way->fd = dir_fd(id == WAY_DIRFD ? 0 : O_PATH);
	snprintf(way->prefix, sizeof(way->prefix), "%s", pre);
	if (id == WAY_LINK)
		link_way(way, leaf);
	else if (id == WAY_ABS_LINK)
		link_way(way, t_work);
	if (id != WAY_CWD && id != WAY_DOTS && id != WAY_PROC_CWD &&
	    chdir("/") < 0)
		fail(__FILE__, __LINE__, "chdir /: %s", errname(errno));
}

void t_run_ways(const char *name, void (*fn)(const struct t_way *))
{
	static struct t_way way;
	int id;

	for (id = 0; id < WAY_COUNT; id++) {
		enter(name);
		way_init(&way, (enum way_id)id);
		way_name = way.name;
		fn(&way);
		way_name = "";
		leave();
	}
}

static char *path_buf(void)
{
	static _Thread_local char bufs[16][T_PATH];
	static _Thread_local unsigned int turn;

	return bufs[turn++ % T_COUNT(bufs)];
}

const char *t_at(const struct t_way *way, const char *leaf)
{
	return t_fmt("%s%s", way->prefix, leaf);
}

const char *t_p(const char *leaf)
{
	return t_fmt("%s/%s", t_work, leaf);
}

const char *t_fmt(const char *fmt, ...)
{
	char *buf = path_buf();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, T_PATH, fmt, ap);
	va_end(ap);
	return buf;
}

void t_put_at(int dirfd, const char *path, const char *text)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0644);
	ssize_t len = (ssize_t)strlen(text);

	if (fd < 0 || write(fd, text, (size_t)len) != len)
		fail(__FILE__, __LINE__, "make %s: got %s", path,
		     errname(errno));
	if (fd >= 0)
		close(fd);
}

void t_put(const char *path, const char *text)
{
	t_put_at(AT_FDCWD, path, text);
}

char t_byte(size_t pos, unsigned int seed)
{
	unsigned long x = (pos + 1) * 2654435761UL + seed * 40503UL;

	return (char)(x >> 11);
}

void t_fill(const char *path, size_t len, unsigned int seed)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char buf[4096];
	size_t pos;
	size_t i;

	for (pos = 0; pos < len; pos += i) {
		for (i = 0; i < sizeof(buf) && pos + i < len; i++)
			buf[i] = t_byte(pos + i, seed);
		if (write(fd, buf, i) != (ssize_t)i) {
			fail(__FILE__, __LINE__, "fill %s: got %s", path,
			     errname(errno));
			break;
		}
	}
	if (fd >= 0)
		close(fd);
}

ssize_t t_get(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (len < size && n > 0) {
		n = read(fd, buf + len, size - len);
		if (n > 0)
			len += (size_t)n;
	}
	close(fd);
	return n < 0 ? -1 : (ssize_t)len;
}

void t_copy(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			break;
	if (n != 0 || fchmod(out, mode) < 0)
		fail(__FILE__, __LINE__, "copy %s to %s: got %s", from, to,
		     errname(errno));
	close(in);
	close(out);
}

bool t_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int t_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		fail(__FILE__, __LINE__, "open %s: got %s", path,
		     errname(errno));
	return fd;
}

long long t_size(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? -1 : st.st_size;
}

mode_t t_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? (mode_t)-1 : st.st_mode;
}

long t_nlink(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? -1 : (long)st.st_nlink;
}

ino_t t_ino(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_ino;
}

static void empty_dir(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *de;

	if (!dir) {
		close(fd);
		return;
	}
	while ((de = readdir(dir)) != NULL)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			t_rm_rf(dirfd(dir), de->d_name);
	closedir(dir);
}

void t_rm_rf(int dirfd, const char *name)
{
	int fd;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return;
	fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		empty_dir(fd);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		fail(__FILE__, __LINE__, "remove %s: got %s", name,
		     errname(errno));
}

char *t_long(size_t len, char c)
{
	char *text = malloc(len + 1);

	if (!text)
		abort();
	memset(text, c, len);
	text[len] = '\0';
	return text;
}

void t_append(char *buf, size_t size, const char *more)
{
	size_t have = strlen(buf), len = strlen(more) + 1;

	if (len > size - have)
		abort();
	memcpy(buf + have, more, len);
}

char *t_padded(const char *leaf, size_t len)
{
	char *text = t_long(len, '/');
	size_t head = strlen(t_work);
	size_t tail = strlen(leaf);
	size_t i;

	memcpy(text, t_work, head);
	for (i = head + 1; i + 1 < len - tail; i += 2)
		text[i] = '.';
	text[len - tail - 1] = '/';
	memcpy(text + len - tail, leaf, tail);
	return text;
}

pid_t t_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		start_clock();
	if (pid < 0)
		fail(__FILE__, __LINE__, "fork: got %s", errname(errno));
	return pid;
}

int t_wait(pid_t pid)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

bool t_readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1;
}

/*
 * The signals of a test are for the call it tests: here they wait. (A view may
 * fail even such a write with EINTR, see Limits in the README.)
 */
void t_post(int fd)
{
	sigset_t all;
	sigset_t was;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &was);
	if (write(fd, "x", 1) != 1)
		fail(__FILE__, __LINE__, "handshake: %s", errname(errno));
	sigprocmask(SIG_SETMASK, &was, NULL);
}

bool t_await(int fd)
{
	char c;
	ssize_t n;

	do {
		n = read(fd, &c, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

void t_signal_until(pid_t pid, int sig, int fd)
{
	do {
		kill(pid, sig);
	} while (!t_readable(fd, 10));
}

static void on_signal(int sig)
{
	(void)sig;
	t_signals++;
}

void t_handler(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
	t_signals = 0;
}
