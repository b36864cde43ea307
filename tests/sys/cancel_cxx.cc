// SPDX-License-Identifier: GPL-2.0-or-later
/* cancel_cxx.cc - cancelled threads unwind: destructors run */

extern "C" {
#include "check.h"
}

#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>

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

} /* namespace */

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(destructors_run);
	RUN(exceptions_and_cancellation);
	return t_done();
}
