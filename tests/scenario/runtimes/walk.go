// SPDX-License-Identifier: GPL-2.0-or-later

// walk.go - Go's own runtime at work in a directory: goroutines, signals, exec
//
// Go makes its system calls without libc, on small stacks that move, and
// preempts its threads by signals. What is printed is the same everywhere.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const workers, files = 16, 25

func must(err error) {
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
}

// work makes files, reads them, renames them; each has its own content.
func work(dir string, n int) {
	for i := 0; i < files; i++ {
		name := filepath.Join(dir, fmt.Sprintf("w%d.%d", n, i))
		text := bytes.Repeat([]byte{byte('a' + n)}, 100*(i+1))
		must(os.WriteFile(name+".new", text, 0o644))
		must(os.Rename(name+".new", name))
		got, err := os.ReadFile(name)
		must(err)
		if !bytes.Equal(got, text) {
			must(fmt.Errorf("%s: wrong content", name))
		}
		info, err := os.Stat(name)
		must(err)
		if info.Size() != int64(len(text)) {
			must(fmt.Errorf("%s: wrong size", name))
		}
	}
}

func walk(dir string) (count int, size int64) {
	must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		count++
		size += info.Size()
		return err
	}))
	return
}

// storm sends signals to the process until done is closed.
func storm(done chan bool) {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	for {
		select {
		case <-done:
			signal.Stop(got)
			return
		case <-time.After(time.Millisecond):
			must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
			<-got
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		os.Exit(7)
	}
	dir := filepath.Join(os.Args[1], "go")
	must(os.Mkdir(dir, 0o755))
	done := make(chan bool)
	go storm(done)
	var all sync.WaitGroup
	for n := 0; n < workers; n++ {
		all.Add(1)
		go func(n int) {
			defer all.Done()
			work(dir, n)
		}(n)
	}
	all.Wait()
	close(done)
	fmt.Println(walk(dir))

	self, err := os.Executable()
	must(err)
	err = exec.Command(self).Run()
	fmt.Println("child:", err)
	_, err = os.Stat(filepath.Join(dir, "absent"))
	fmt.Println("absent:", os.IsNotExist(err))
	must(os.Chdir(dir))
	cwd, err := os.Getwd()
	must(err)
	fmt.Println("cwd:", filepath.Base(cwd))
	must(os.RemoveAll("../go"))
}
