// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_view.c - test helper: a view with no file system, for the commands
 *
 *	fake_view COMMAND [ARG]...
 *
 * Runs COMMAND under a seccomp filter and answers the vuctl call, mount and
 * umount2 from a small memory of services, aliases and a name. An argument
 * "err-N" (as service, alias, fs type or umount target) makes a call fail with
 * errno N. Mounts are only written, one line each, to the file $FAKE_VIEW_LOG.
 * Exit status: that of COMMAND, after its last descendant; 77 where the host
 * allows no filter.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <umview/vuctl.h>

#define SLOTS 8
#define TEXT  128
/* Processes that umshutdown may meet. */
#define PIDS 256

/* A service (value: "p" when permanent) or an alias (value: its type). */
struct pair {
	char name[TEXT];
	char value[TEXT];
};

static struct view {
	struct pair services[SLOTS];
	struct pair aliases[SLOTS];
	char name[UM_VIEWNAME_MAX + 1];
	FILE *log;
} view;

static pid_t asking;

/* An address in the process that asks. */
static void *remote(uint64_t addr)
{
	return (void *)(uintptr_t)addr; /* NOLINT(performance-no-int-to-ptr) */
}

/* The string at addr of the process that asks, cut to TEXT; "" when unread. */
static const char *get_text(uint64_t addr, char text[static TEXT])
{
	size_t i;

	memset(text, 0, TEXT);
	for (i = 0; addr && i < TEXT - 1; i++) {
		struct iovec to = { text + i, 1 };
		struct iovec from = { remote(addr + i), 1 };

		if (process_vm_readv(asking, &to, 1, &from, 1, 0) != 1 ||
		    !text[i])
			break;
	}
	return text;
}

static int64_t put(uint64_t addr, const void *data, size_t len)
{
	struct iovec from = { remote((uintptr_t)data), len };
	struct iovec to = { remote(addr), len };

	if (process_vm_writev(asking, &from, 1, &to, 1, 0) != (ssize_t)len)
		return -EFAULT;
	return 0;
}

static int64_t put_text(uint64_t addr, size_t room, const char *text)
{
	size_t len = strlen(text) + 1;
	int64_t err;

	if (room < len)
		return -ERANGE;
	err = put(addr, text, len);
	return err ? err : (int64_t)len;
}

static int64_t wanted_error(const char *text)
{
	return strncmp(text, "err-", 4) == 0 ? -strtol(text + 4, NULL, 10) : 0;
}

static struct pair *find(struct pair *table, const char *name)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	}
	return NULL;
}

static int64_t add(struct pair *table, const char *name, const char *value)
{
	struct pair *slot = find(table, name);

	if (!slot)
		slot = find(table, "");
	if (!slot)
		return -ENOMEM;
	snprintf(slot->name, sizeof(slot->name), "%s", name);
	snprintf(slot->value, sizeof(slot->value), "%s", value);
	return 0;
}

static int64_t add_service(const uint64_t *arg)
{
	char name[TEXT];
	int64_t err = wanted_error(get_text(arg[0], name));

	name[strcspn(name, ",")] = '\0';
	if (err)
		return err;
	if (find(view.services, name))
		return -EEXIST;
	return add(view.services, name,
		   arg[1] & UM_SERVICE_PERMANENT ? "p" : "");
}

static int64_t del_service(const uint64_t *arg)
{
	char name[TEXT];
	struct pair *slot = find(view.services, get_text(arg[0], name));

	if (!slot)
		return wanted_error(name) ? wanted_error(name) : -ENOENT;
	if (slot->value[0])
		return -EBUSY;
	slot->name[0] = '\0';
	return 0;
}

/* The pairs as text, each followed by what format makes of it. */
static int64_t list(const uint64_t *arg, struct pair *table, int lines)
{
	char text[SLOTS * 2 * TEXT] = "";
	size_t used = 0;
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (!table[i].name[0])
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 lines ? "%s%s %s\n" : "%s%s",
					 used && !lines ? ":" : "",
					 table[i].name, table[i].value);
	}
	return put_text(arg[0], arg[1], text);
}

static int64_t name_service(const uint64_t *arg)
{
	char name[TEXT], text[TEXT * 8];

	if (!find(view.services, get_text(arg[0], name)))
		return -ENOENT;
	if (arg[3] == 0)
		snprintf(text, sizeof(text), "the \"%s\" service", name);
	else
		snprintf(text, sizeof(text), "ro  read-only\n%0600d  long", 0);
	return put_text(arg[1], arg[2], text);
}

static int64_t get_info(const uint64_t *arg)
{
	struct um_viewinfo info = { .server = 42, .view = 7 };

	uname(&info.uname);
	snprintf(info.uname.nodename, sizeof(info.uname.nodename), "fakenode");
	snprintf(info.name, sizeof(info.name), "%s", view.name);
	return put(arg[0], &info, sizeof(info));
}

static int64_t set_name(const uint64_t *arg)
{
	char name[TEXT];

	if (strlen(get_text(arg[0], name)) > UM_VIEWNAME_MAX)
		return -ENAMETOOLONG;
	memcpy(view.name, name, sizeof(view.name));
	return wanted_error(name);
}

static pid_t signalled[PIDS];
static int nsignalled;

static int is_signalled(pid_t pid)
{
	int i;

	for (i = 0; i < nsignalled; i++) {
		if (signalled[i] == pid)
			return 1;
	}
	return 0;
}

/* Signal what descends from parent, but for the process that asks. */
static int64_t kill_below(pid_t parent, int sig)
{
	char path[64];
	int64_t count = 0;
	FILE *children;
	char word[16];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		 parent);
	children = fopen(path, "re");
	while (children && fscanf(children, "%15s", word) == 1) {
		pid_t pid = (pid_t)strtol(word, NULL, 10);

		count += kill_below(pid, sig);
		if (pid == asking || is_signalled(pid) || nsignalled == PIDS ||
		    kill(pid, sig) < 0)
			continue;
		signalled[nsignalled++] = pid;
		count++;
	}
	if (children)
		fclose(children);
	return count;
}

/* Until nobody is new: some may fork while they are looked for. */
static int64_t kill_all(int sig)
{
	nsignalled = 0;
	while (kill_below(getpid(), sig) > 0 && sig)
		;
	return nsignalled;
}

static int64_t set_alias(const uint64_t *arg)
{
	char alias[TEXT], type[TEXT];
	struct pair *slot = find(view.aliases, get_text(arg[0], alias));

	if (wanted_error(alias))
		return wanted_error(alias);
	if (get_text(arg[1], type)[0])
		return add(view.aliases, alias, type);
	if (!slot)
		return -ENOENT;
	slot->name[0] = '\0';
	return 0;
}

static int64_t vuctl(uint64_t cmd, const uint64_t *arg)
{
	switch (cmd) {
	case UM_VU_CHECK:
		return 0;
	case UM_VU_ADD_SERVICE:
		return add_service(arg);
	case UM_VU_DEL_SERVICE:
		return del_service(arg);
	case UM_VU_LIST_SERVICE:
		return list(arg, view.services, 0);
	case UM_VU_NAME_SERVICE:
		return name_service(arg);
	case UM_VU_GETINFO:
		return get_info(arg);
	case UM_VU_SETNAME:
		return set_name(arg);
	case UM_VU_KILLALL:
		return kill_all((int)arg[0]);
	case UM_VU_FSALIAS:
		return set_alias(arg);
	case UM_VU_LIST_FSALIAS:
		return list(arg, view.aliases, 1);
	default:
		return -EINVAL;
	}
}

static int64_t do_mount(const uint64_t *arg)
{
	char text[4][TEXT];
	int i;

	for (i = 0; i < 3; i++)
		get_text(arg[i], text[i]);
	get_text(arg[4], text[3]);
	if (view.log)
		fprintf(view.log, "mount %s %s %s %#llx [%s]\n", text[0],
			text[1], text[2], (unsigned long long)arg[3], text[3]);
	return wanted_error(text[2]);
}

static int64_t do_umount(const uint64_t *arg)
{
	char target[TEXT];

	if (view.log)
		fprintf(view.log, "umount %s %#llx\n", get_text(arg[0], target),
			(unsigned long long)arg[1]);
	return wanted_error(get_text(arg[0], target));
}

static int64_t answer(const struct seccomp_data *call)
{
	uint64_t arg[6];

	memcpy(arg, call->args, sizeof(arg));
	switch (call->nr) {
	case SYS_mount:
		return do_mount(arg);
	case SYS_umount2:
		return do_umount(arg);
	default:
		return vuctl(arg[0], arg + 1);
	}
}

static void serve(int listener)
{
	struct seccomp_notif call = { .id = 0 };
	struct seccomp_notif_resp resp = { .id = 0 };
	int64_t ret;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	asking = (pid_t)call.pid;
	ret = answer(&call.data);
	resp.id = call.id;
	resp.error = ret < 0 ? (int)ret : 0;
	resp.val = ret < 0 ? 0 : ret;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	if (view.log)
		fflush(view.log);
}

/* The filter binds the caller also, who must make none of these calls. */
static int listen_to_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UM_NR_VUCTL, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umount2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/* Return: whether a descendant is left. */
static int reap(pid_t first, int *status)
{
	for (;;) {
		int got;
		pid_t pid = waitpid(-1, &got, WNOHANG);

		if (pid <= 0)
			return pid == 0;
		if (pid == first)
			*status = WIFEXITED(got) ? WEXITSTATUS(got)
						 : 128 + WTERMSIG(got);
	}
}

int main(int argc, char **argv)
{
	const char *log = getenv("FAKE_VIEW_LOG");
	int status = 1;
	struct pollfd poll_on = { .events = POLLIN };
	pid_t first;

	if (argc < 2)
		return 2;
	if (log)
		view.log = fopen(log, "we");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	poll_on.fd = listen_to_calls();
	if (poll_on.fd < 0) {
		perror("fake_view: no seccomp listener");
		return 77;
	}
	first = fork();
	if (first == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while (reap(first, &status)) {
		if (poll(&poll_on, 1, 20) > 0)
			serve(poll_on.fd);
	}
	return status;
}
