/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cable.h - the socket of an encrypted cable, its peers and their plugs */
#ifndef UM_VDE_CABLE_H
#define UM_VDE_CABLE_H

#include "cabkey.h"
#include "cabpeer.h"

/**
 * struct cable_options - what the command line says
 * @vnl: switch to plug into; NULL: the default one
 * @server: whom to connect to; NULL: be the server
 * @port: UDP port to wait at, or of @server
 */
struct cable_options {
	const char *vnl, *server, *port;
	struct cab_times times;
};

struct cable;

/* Bind, resolve, plug in; with a message if it fails. */
int cable_new(const struct cable_options *options, const struct cab_key *key,
	      struct cable **out);

/* Carry frames until `stop` is readable. */
int cable_run(struct cable *c, int stop);

void cable_free(struct cable *c);

#endif
