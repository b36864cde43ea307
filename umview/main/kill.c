// SPDX-License-Identifier: GPL-2.0-or-later
/* kill.c - the end of all guests, whatever group or session they are in */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "main/session.h"

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return parent;
}

static bool descends(pid_t pid)
{
	while (pid > 1) {
		pid = parent_of(pid);
		if (pid == getpid())
			return true;
	}
	return false;
}

int um_kill_descendants(pid_t spared, int sig)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 1 && pid != getpid() && pid != spared &&
		    descends(pid) && kill(pid, sig) == 0)
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}
