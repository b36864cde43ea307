// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umnet.c - network stacks that are not made of packets: none, the host's, another
 *
 *	mount -t umnetnull none /dev/net/null	every family is refused
 *	mount -t umnetnative none /dev/net/host	the host's stack under a name
 *	mount -t umnetlink -o ip /dev/net/a /dev/net/default
 *						some families are another stack's
 *	mount -t umnetkern none /dev/net/k	a stack of the kernel's own (kern.c)
 *
 * The service itself may have an argument, a list of families (families.h):
 * the others are refused where the view has no stack for them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <umview/module.h>
#include <umview/net.h>

#include "../../um_cmds/families.h"
#include "kern.h"

static int refuse(struct um_net *net, int domain, int type, int protocol,
		  uint64_t *id)
{
	(void)net;
	(void)domain;
	(void)type;
	(void)protocol;
	*id = 0;
	return -EAFNOSUPPORT;
}

static void free_net(struct um_net *net)
{
	free(net);
}

static int new_net(const struct um_net_ops *ops, struct um_fs *fs)
{
	fs->net = calloc(1, sizeof(*fs->net));
	if (!fs->net)
		return -ENOMEM;
	fs->net->ops = ops;
	return 0;
}

/* ---- null ---- */

static bool no_family(struct um_net *net, int domain)
{
	(void)net;
	(void)domain;
	return true;
}

/* AF_UNIX is no network. */
static enum um_net_whose null_delegate(struct um_net *net, int domain,
				       struct um_net_stack **out)
{
	(void)net;
	(void)out;
	return domain == AF_UNIX ? UM_NET_HOST : UM_NET_OWN;
}

static const struct um_net_ops null_ops = {
	.size = sizeof(null_ops),
	.family = no_family,
	.socket = refuse,
	.delegate = null_delegate,
	.umount = free_net,
};

/* ---- native ---- */

static enum um_net_whose native_delegate(struct um_net *net, int domain,
					 struct um_net_stack **out)
{
	(void)net;
	(void)domain;
	(void)out;
	return UM_NET_HOST;
}

static const struct um_net_ops native_ops = {
	.size = sizeof(native_ops),
	.delegate = native_delegate,
	.umount = free_net,
};

/* ---- link ---- */

/* @beneath: with `override`: what the mount hides; NULL: the host's */
struct link {
	struct um_net net;
	um_families set;
	struct um_net_stack *source, *beneath;
	bool override;
};

static enum um_net_whose link_delegate(struct um_net *net, int domain,
				       struct um_net_stack **out)
{
	struct link *l = net->priv;

	if (um_families_has(l->set, domain)) {
		*out = l->source;
		return UM_NET_OTHER;
	}
	if (!l->override)
		return UM_NET_DEFAULT;
	*out = l->beneath;
	return l->beneath ? UM_NET_OTHER : UM_NET_HOST;
}

static void link_umount(struct um_net *net)
{
	struct link *l = net->priv;

	um_net_close(l->source);
	um_net_close(l->beneath);
	free(l);
}

static const struct um_net_ops link_ops = {
	.size = sizeof(link_ops),
	.delegate = link_delegate,
	.umount = link_umount,
};

static int parse_families(const char *list, um_families *out)
{
	const char *wrong;
	int len;

	*out = UM_FAMILIES_ALL;
	if (!*list || um_families_parse(list, out, &wrong, &len) == 0)
		return 0;
	um_err("umnet: `%.*s': not an address family; they are all, unix, ipv4, "
	       "ipv6, netlink, packet, bluetooth, irda, ip, #N",
	       len, wrong);
	return -EINVAL;
}

/* mount(8) puts ro or rw, override may stand anywhere: what is left is the list. */
static int link_options(struct link *l, const char *options)
{
	size_t room = strlen(options) + 1;
	char *copy = strdup(options), *list = calloc(1, room);
	char *rest = copy, *word;
	int at = 0, ret = copy && list ? 0 : -ENOMEM;

	while (ret == 0 && (word = strsep(&rest, ","))) {
		if (!strcmp(word, "override") || !strcmp(word, "o")) {
			l->override = true;
			continue;
		}
		at += snprintf(list + at, room - (size_t)at, "%s%s",
			       at ? "," : "", word);
	}
	if (ret == 0)
		ret = parse_families(list, &l->set);
	free(copy);
	free(list);
	return ret;
}

static int link_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct link *l = calloc(1, sizeof(*l));
	int ret = l ? link_options(l, req->options) : -ENOMEM;

	if (ret == 0) {
		ret = um_net_open(fs->next, req->source, &l->source);
		if (ret < 0)
			um_err("umnetlink: %s: %s", req->source,
			       ret == -ENOTSUP ? "not a network stack"
					       : strerror(-ret));
	}
	if (ret < 0) {
		free(l);
		return ret;
	}
	if (l->override)
		(void)um_net_open(fs->next, req->target, &l->beneath);
	l->net.ops = &link_ops;
	l->net.priv = l;
	fs->net = &l->net;
	return 0;
}

/* ---- the service's own: what is refused of the host's ---- */

struct policy {
	struct um_net net;
	um_families allowed;
};

static enum um_net_whose policy_delegate(struct um_net *net, int domain,
					 struct um_net_stack **out)
{
	const struct policy *p = net->priv;

	(void)out;
	return um_families_has(p->allowed, domain) ? UM_NET_DEFAULT
						   : UM_NET_OWN;
}

static const struct um_net_ops policy_ops = {
	.size = sizeof(policy_ops),
	.socket = refuse,
	.delegate = policy_delegate,
	.umount = free_net,
};

static int umnet_stack(const char *args, struct um_fs *fs)
{
	struct policy *p = calloc(1, sizeof(*p));
	int ret = p ? parse_families(args, &p->allowed) : -ENOMEM;

	if (ret < 0) {
		free(p);
		return ret;
	}
	p->net.ops = &policy_ops;
	p->net.priv = p;
	fs->net = &p->net;
	return 0;
}

static int umnet_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	if (!strcmp(req->fstype, "umnetnull"))
		return new_net(&null_ops, fs);
	if (!strcmp(req->fstype, "umnetnative"))
		return new_net(&native_ops, fs);
	if (!strcmp(req->fstype, "umnetlink"))
		return link_mount(req, fs);
	if (!strcmp(req->fstype, "umnetkern"))
		return um_kern_mount(req->source, req->options, fs);
	um_err("no network stack `%s'; see umview-umnet(7)", req->fstype);
	return -ENODEV;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(um_module),
	.name = "umnet",
	.description =
		"network stacks as special files: null, native, link, kern",
	.options =
		"FAMILIES       umnetlink: these are the source's (default: all)\n"
		"override       umnetlink: the others are the hidden stack's\n"
		"vdN=VNL...     umnetkern: interfaces, as for umnetlwip\n",
	.mount = umnet_mount,
	.stack = umnet_stack,
};
