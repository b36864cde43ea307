// SPDX-License-Identifier: GPL-2.0-or-later

// mixed.go - C threads and goroutines make calls in one process, under signals
//
// Go's handlers run on stacks of their own where a thread has one, and threads
// that C started have none.
package main

/*
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int stop, turns, wrong;
static const char *name;
static pthread_t thread[4];

static void *work(void *arg)
{
	struct stat st;
	char c = 0;
	int fd;

	for (; !stop; turns++) {
		fd = open(name, O_RDONLY);
		wrong += fd < 0 || read(fd, &c, 1) != 1 || c != 'c';
		close(fd);
		wrong += stat(name, &st) != 0 || st.st_size != 8;
	}
	return arg;
}

static void start(const char *of)
{
	name = of;
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, work, NULL) != 0)
			abort();
}

static int finish(void)
{
	// a busy machine may not have let them run yet
	while (turns < 400)
		sched_yield();
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	return wrong;
}
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

const rounds = 3000

func must(err error) {
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) != 2 {
		os.Exit(7)
	}
	name := filepath.Join(os.Args[1], "mixed")
	must(os.WriteFile(name, []byte("contents"), 0o644))
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	C.start(C.CString(name))
	for i := 0; i < rounds; i++ {
		must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		info, err := os.Stat(name)
		must(err)
		if info.Size() != 8 {
			must(fmt.Errorf("size %d", info.Size()))
		}
	}
	<-got
	fmt.Println("wrong:", C.finish())
	must(os.Remove(name))
}
