// SPDX-License-Identifier: GPL-2.0-or-later
/* cancel_cxx.cc - cancelled threads unwind: destructors run */

extern "C" {
#include "check.h"
}

#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>
#include <ucontext.h>

namespace
{

constexpr int rounds = 40;
std::atomic<int> destroyed;
std::atomic<int> turns;
std::atomic<int> errors;

/* Counts that it went. */
struct guard {
	guard() = default;
	guard(const guard &) = delete;
	guard &operator=(const guard &) = delete;
	~guard()
	{
		destroyed++;
	}
};

/* pread is a cancellation point, open another. */
void *read_often(void *arg)
{
	const guard outer;
	const int fd = *static_cast<const int *>(arg);
	char buf[16];

	for (;;) {
		const guard inner;

		if (pread(fd, buf, sizeof(buf), 0) != 8)
			errors++;
		turns++;
	}
	return nullptr;
}

void *stat_and_throw(void *)
{
	const guard outer;
	struct stat st;

	for (;;) {
		try {
			const guard inner;

			if (stat("f", &st) < 0 || st.st_size != 8)
				errors++;
			turns++;
			if (stat("absent", &st) < 0)
				throw std::runtime_error("absent");
			errors++;
		} catch (const std::runtime_error &) {
			pthread_testcancel();
		}
	}
	return nullptr;
}

void cancel_in(void *(*fn)(void *), int fd)
{
	for (int i = 0; i < rounds; i++) {
		pthread_t thread;
		void *result = nullptr;

		turns = 0;
		CHECK_EQ(pthread_create(&thread, nullptr, fn, &fd), 0);
		while (turns < 1 + i % 3)
			sched_yield();
		CHECK_EQ(pthread_cancel(thread), 0);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == PTHREAD_CANCELED);
	}
	CHECK_EQ(errors, 0);
}

/* One outer guard a thread, and an inner one for each turn. */
void destructors_run()
{
	t_put("f", "contents");
	destroyed = 0;
	cancel_in(read_often, t_open("f", O_RDONLY));
	CHECK(destroyed >= 2 * rounds);
}

void exceptions_and_cancellation()
{
	t_put("f", "contents");
	destroyed = 0;
	cancel_in(stat_and_throw, -1);
	CHECK(destroyed >= 2 * rounds);
}

/* ---- asleep in a call ---- */

int pipe_fds[2];
int locked;
std::atomic<pid_t> sleeper;

void sleep_in_read()
{
	char c;

	if (read(pipe_fds[0], &c, 1) != 1)
		errors++;
}

void sleep_in_open()
{
	if (open("fifo", O_RDONLY) < 0)
		errors++;
}

void sleep_in_fcntl()
{
	struct flock lock = {};

	lock.l_type = F_WRLCK;
	if (fcntl(locked, F_SETLKW, &lock) < 0)
		errors++;
}

/* What the compiler keeps in registers over the call is used behind it. */
class last
{
      public:
	explicit last(const long *of) : values(of)
	{
	}
	last(const last &) = delete;
	last &operator=(const last &) = delete;
	~last()
	{
		if (values[0] != 2 || values[1] != 3)
			errors++;
	}

      private:
	const long *values;
};

void *asleep(void *arg)
{
	const guard outer;
	const auto call = reinterpret_cast<void (*)()>(arg);
	const long kept[] = { sleeper + 2, errors + 3 };
	const last check(kept);

	sleeper = static_cast<pid_t>(syscall(SYS_gettid));
	call();
	errors++;
	return nullptr;
}

/* State S of /proc: it sleeps, or soon will, which must do. */
bool is_asleep(pid_t tid)
{
	char text[256] = "";
	const char *state;

	if (t_get(t_fmt("/proc/self/task/%d/stat", tid), text, 255) <= 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

void cancel_asleep(void (*call)())
{
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		void *result = nullptr;

		sleeper = 0;
		destroyed = 0;
		errors = 0;
		CHECK_EQ(pthread_create(&thread, nullptr, asleep,
					reinterpret_cast<void *>(call)),
			 0);
		while (!sleeper || !is_asleep(sleeper))
			sched_yield();
		CHECK_EQ(pthread_cancel(thread), 0);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == PTHREAD_CANCELED);
		CHECK_EQ(destroyed, 1);
		CHECK_EQ(errors, 0);
	}
}

void destructors_of_sleepers_run()
{
	struct flock lock = {};
	int ready[2];
	int done[2];
	pid_t pid;

	CHECK_OK(pipe(pipe_fds));
	CHECK_OK(mkfifo("fifo", 0644));
	t_put("f", "contents");
	locked = t_open("f", O_RDWR);
	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(done));
	pid = t_fork();
	if (pid == 0) {
		lock.l_type = F_WRLCK;
		CHECK_OK(fcntl(locked, F_SETLKW, &lock));
		t_post(ready[1]);
		t_await(done[0]);
		_exit(0);
	}
	t_await(ready[0]);
	cancel_asleep(sleep_in_read);
	cancel_asleep(sleep_in_open);
	cancel_asleep(sleep_in_fcntl);
	t_post(done[1]);
	CHECK_EQ(t_wait(pid), 0);
}

/* ---- at each instruction ---- */

extern "C" const char __executable_start, etext;

std::atomic<bool> asked;
std::atomic<bool> sent;

/* Where threads were cancelled: those of a loop are met often, once is enough. */
constexpr unsigned long places = 8192;
unsigned long cancelled_at[places];

/* The place of the address, or the free one where it belongs. */
unsigned long &place_of(unsigned long ip)
{
	unsigned long i = ip * 0x9e3779b97f4a7c15UL >> 51;

	while (cancelled_at[i] && cancelled_at[i] != ip)
		i = (i + 1) % places;
	return cancelled_at[i];
}

bool is_own(unsigned long ip)
{
	return ip >= reinterpret_cast<unsigned long>(&__executable_start) &&
	       ip < reinterpret_cast<unsigned long>(&etext);
}

/*
 * Behind instructions of this program's own there is no way out, natively
 * either: its compiler expects exceptions from calls alone. SIGCANCEL is blocked
 * here, so it comes where the handler returns to.
 */
void on_step(int, siginfo_t *, void *context)
{
	const auto *uc = static_cast<const ucontext_t *>(context);
	const auto ip =
		static_cast<unsigned long>(uc->uc_mcontext.gregs[REG_RIP]);

	if (is_own(ip) || asked || place_of(ip))
		return;
	place_of(ip) = ip;
	asked = true;
	while (!sent)
		syscall(SYS_sched_yield);
}

/* libc takes SIGCANCEL out of masks. */
void install()
{
	struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} kernel = {};
	struct sigaction sa = {};

	sa.sa_sigaction = on_step;
	sa.sa_flags = SA_SIGINFO;
	CHECK_OK(sigaction(SIGTRAP, &sa, nullptr));
	CHECK_OK(syscall(SYS_rt_sigaction, SIGTRAP, nullptr, &kernel, 8));
	kernel.mask |= 1UL << 31;
	CHECK_OK(syscall(SYS_rt_sigaction, SIGTRAP, &kernel, nullptr, 8));
}

void set_trap_flag()
{
	__asm__ volatile("pushf; orl $0x100,(%%rsp); popf" ::: "cc", "memory");
}

void clear_trap_flag()
{
	__asm__ volatile("pushf; andl $~0x100,(%%rsp); popf" ::
				 : "cc", "memory");
}

void look(int fd)
{
	char buf[16];

	if (pread(fd, buf, sizeof(buf), 0) != 8)
		errors++;
}

void open_it(int)
{
	const int fd = open("f", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		errors++;
}

template <void (*call)(int fd)> void *step_through(void *arg)
{
	const guard outer;
	const int fd = *static_cast<const int *>(arg);

	/* It is what is tested. */
	/* NOLINTNEXTLINE(cert-pos47-c,concurrency-thread-canceltype-asynchronous) */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
	set_trap_flag();
	call(fd);
	clear_trap_flag();
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, nullptr);
	return nullptr;
}

/* Return: whether there was one more instruction. */
bool cancel_at_the_next(void *(*fn)(void *), int fd)
{
	pthread_t thread;
	void *result = nullptr;
	bool met;

	asked = false;
	sent = false;
	destroyed = 0;
	CHECK_EQ(pthread_create(&thread, nullptr, fn, &fd), 0);
	while (!asked && !destroyed)
		sched_yield();
	met = asked;
	if (met)
		CHECK_EQ(pthread_cancel(thread), 0);
	sent = true;
	CHECK_EQ(pthread_join(thread, &result), 0);
	CHECK(result == (met ? PTHREAD_CANCELED : nullptr));
	CHECK_EQ(destroyed, 1);
	return met;
}

void cancel_everywhere(void *(*fn)(void *))
{
	const int fd = t_open("f", O_RDONLY);
	int n = 0;

	memset(cancelled_at, 0, sizeof(cancelled_at));
	while (n < 4000 && cancel_at_the_next(fn, fd)) {
		if (++n % 64 == 0)
			syscall(SYS_close_range, fd + 1, ~0U, 0U);
	}
	CHECK(n > 0 && n < 4000);
	CHECK_EQ(errors, 0);
	t_note("cancelled at %d instructions", n);
	syscall(SYS_close_range, 3U, ~0U, 0U);
}

void at_each_instruction()
{
	t_put("f", "contents");
	errors = 0;
	install();
	cancel_everywhere(step_through<look>);
	cancel_everywhere(step_through<open_it>);
	signal(SIGTRAP, SIG_DFL);
}

} /* namespace */

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(destructors_run);
	RUN(exceptions_and_cancellation);
	RUN(destructors_of_sleepers_run);
	RUN(at_each_instruction);
	return t_done();
}
