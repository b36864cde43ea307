// SPDX-License-Identifier: GPL-2.0-or-later
/* stack.c - network stacks of a view: special files, and whose sockets are whose */
#include "net/standin.h"
#include "net/tun.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "guest/shared.h"
#include "guest/wait.h"
#include "view/path.h"

/* The one node of a stack's mount. */
struct node {
	struct stat st;
	pthread_mutex_t lock;
};

static struct node *node_of(struct um_fs *fs)
{
	return fs->net->core;
}

static int stack_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			 struct stat *out)
{
	struct node *n = node_of(fs);

	(void)fh;
	if (strcmp(path, "/") != 0)
		return -ENOTDIR;
	pthread_mutex_lock(&n->lock);
	*out = n->st;
	pthread_mutex_unlock(&n->lock);
	return 0;
}

static int stack_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		       mode_t mode)
{
	struct node *n = node_of(fs);

	(void)path;
	(void)fh;
	pthread_mutex_lock(&n->lock);
	n->st.st_mode = S_IFSTACK | (mode & 07777);
	pthread_mutex_unlock(&n->lock);
	return 0;
}

static int stack_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		       uid_t uid, gid_t gid)
{
	struct node *n = node_of(fs);

	(void)path;
	(void)fh;
	pthread_mutex_lock(&n->lock);
	if (uid != (uid_t)-1)
		n->st.st_uid = uid;
	if (gid != (gid_t)-1)
		n->st.st_gid = gid;
	pthread_mutex_unlock(&n->lock);
	return 0;
}

static void stack_umount(struct um_fs *fs)
{
	struct node *n = node_of(fs);

	if (fs->net->ops->umount)
		fs->net->ops->umount(fs->net);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static const struct um_fs_ops stack_fs = {
	.size = sizeof(stack_fs),
	.getattr = stack_getattr,
	.chmod = stack_chmod,
	.chown = stack_chown,
	.umount = stack_umount,
};

int um_stack_init(struct um_mount *m)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	pthread_mutex_init(&n->lock, NULL);
	n->st.st_mode = S_IFSTACK | 0777;
	n->st.st_ino = 1;
	n->st.st_nlink = 1;
	clock_gettime(CLOCK_REALTIME, &n->st.st_mtim);
	n->st.st_ctim = n->st.st_atim = n->st.st_mtim;
	m->fs.net->core = n;
	m->fs.ops = &stack_fs;
	return 0;
}

bool um_stack_is(const struct um_mount *m)
{
	return m->fs.net;
}

void um_stack_touch(struct um_mount *m)
{
	struct node *n = node_of(&m->fs);

	pthread_mutex_lock(&n->lock);
	clock_gettime(CLOCK_REALTIME, &n->st.st_atim);
	pthread_mutex_unlock(&n->lock);
}

/* ---- which stack ---- */

bool um_stack_has_family(int domain)
{
	return domain != AF_UNIX && domain > 0 && domain < AF_MAX;
}

/* Index in um_attr.stacks. */
static int slot_of(int domain)
{
	switch (domain) {
	case AF_INET:
		return 0;
	case AF_INET6:
		return 1;
	case AF_NETLINK:
		return 2;
	case AF_PACKET:
		return 3;
	default:
		return 4;
	}
}

static bool is_live(const struct um_mount *m)
{
	return um_stack_is(m) && !atomic_load(&m->dead);
}

/* Whom nobody chose, one after the other: mounted as default, then services'. */
static struct um_mount *nth_default(const struct um_list *l, size_t n)
{
	for (size_t i = l->nmounts; i-- > 0;)
		if (is_live(l->mounts[i]) &&
		    !strcmp(um_list_point(l, i), UM_STACK_DEFAULT) && !n--)
			return l->mounts[i];
	for (size_t i = l->nservices; i-- > 0;)
		if (l->services[i]->stack && is_live(l->services[i]->stack) &&
		    !n--)
			return l->services[i]->stack;
	return NULL;
}

static struct um_mount *chosen(const struct um_req *r, int domain)
{
	uint32_t id = r->attr->stacks[slot_of(domain)];

	for (size_t i = 0; id && i < r->list->nmounts; i++)
		if (r->list->mounts[i]->id == id && is_live(r->list->mounts[i]))
			return r->list->mounts[i];
	return NULL;
}

static enum um_net_whose whose(struct um_mount *m, int domain,
			       struct um_mount **other)
{
	enum um_net_whose ret = UM_NET_DEFAULT;
	struct um_net_stack *out = NULL;

	if (um_stack_enter(m)) {
		const struct um_net_ops *ops = m->fs.net->ops;

		ret = ops->delegate ? ops->delegate(m->fs.net, domain, &out)
				    : UM_NET_OWN;
		um_stack_leave(m);
	}
	*other = (struct um_mount *)out;
	return ret;
}

/* It ends: another stack is an older one, and each default is asked once. */
struct um_mount *um_stack_follow(struct um_req *r, struct um_mount *m,
				 int domain)
{
	struct um_mount *other;
	size_t asked = 0;

	while (m) {
		switch (whose(m, domain, &other)) {
		case UM_NET_OWN:
			return um_mount_get(m);
		case UM_NET_OTHER:
			m = other;
			break;
		case UM_NET_DEFAULT:
			m = nth_default(r->list, asked++);
			break;
		case UM_NET_HOST:
			return NULL;
		}
	}
	return NULL;
}

struct um_mount *um_stack_of(struct um_req *r, int domain)
{
	struct um_mount *m;

	if (!um_stack_has_family(domain))
		return NULL;
	m = chosen(r, domain);
	return um_stack_follow(r, m ? m : nth_default(r->list, 0), domain);
}

/* Which families a process may leave to it, as a bit of each slot. */
static unsigned int slots_of(struct um_mount *m, int domain)
{
	static const int families[] = { AF_INET, AF_INET6, AF_NETLINK,
					AF_PACKET, AF_MAX };
	unsigned int slots = 0;

	if (!um_stack_enter(m))
		return 0;
	for (size_t i = 0; i < UM_ARRAY_SIZE(families); i++) {
		const struct um_net_ops *ops = m->fs.net->ops;
		int family = domain ? domain : families[i];

		if ((!domain || slot_of(domain) == (int)i) &&
		    (!ops->family || ops->family(m->fs.net, family)))
			slots |= 1U << i;
	}
	um_stack_leave(m);
	return slots;
}

int um_stack_choose(struct um_req *r, struct um_mount *m, int domain)
{
	struct um_attr want = *r->attr;
	const struct um_attr *attr;
	unsigned int slots;

	if (domain < 0 || domain >= AF_MAX)
		return -EAFNOSUPPORT;
	slots = slots_of(m, domain);
	if (!slots)
		return -EAFNOSUPPORT;
	for (size_t i = 0; i < UM_ARRAY_SIZE(want.stacks); i++)
		if (slots & 1U << i)
			want.stacks[i] = m->id;
	attr = um_attr_intern(&want);
	return attr ? um_req_set_attr(r, attr) : -ENOMEM;
}

/* ---- stacks of services ---- */

static struct um_mount *new_stack(struct um_service *s)
{
	struct um_mount *m = um_mount_new();

	if (!m)
		return NULL;
	m->point = strdup("");
	m->source = strdup("none");
	m->type = strdup(s->module->name);
	m->options = strdup("");
	m->service = s;
	if (m->point && m->source && m->type && m->options)
		return m;
	um_mount_put(m);
	return NULL;
}

static int start_stack(struct um_service *s, const char *args)
{
	struct um_mount *m = new_stack(s);
	int ret = m ? s->module->stack(args, &m->fs) : -ENOMEM;

	if (ret == 0)
		ret = um_stack_init(m);
	if (ret == 0) {
		s->stack = m;
		return 0;
	}
	if (m)
		atomic_store(&m->dead, true);
	um_mount_put(m);
	return ret;
}

void um_stack_setup(void)
{
	um_service_stack_hook = start_stack;
}

void um_net_ended(struct um_net *net)
{
	um_standin_end(net);
	um_tun_end(net);
}

/* ---- one stack for another ---- */

int um_net_open(struct um_next *next, const char *path,
		struct um_net_stack **out)
{
	struct um_mount *m;
	int ret = um_next_mount(next, path, &m);

	if (ret < 0)
		return ret;
	if (!um_stack_is(m)) {
		um_mount_put(m);
		return -ENOTSUP;
	}
	atomic_fetch_add(&m->users, 1);
	*out = (struct um_net_stack *)m;
	return 0;
}

void um_net_close(struct um_net_stack *stack)
{
	struct um_mount *m = (struct um_mount *)stack;

	if (!m)
		return;
	atomic_fetch_sub(&m->users, 1);
	um_mount_put(m);
}

/* ---- operations ---- */

bool um_stack_enter(struct um_mount *m)
{
	atomic_fetch_add(&m->inflight, 1);
	if (!atomic_load(&m->dead))
		return true;
	atomic_fetch_sub(&m->inflight, 1);
	return false;
}

void um_stack_leave(struct um_mount *m)
{
	atomic_fetch_sub(&m->inflight, 1);
}

int um_net_wait(sem_t *sem)
{
	return um_wait_sem(sem);
}

int um_net_wait_fd(int fd, short events)
{
	return um_wait_fd(fd, events);
}
