// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * web.c - management of a switch by a browser
 *
 * GET shows a page, POST of its forms carries out a command first. A POST that
 * another site's page sends is refused: the browser says where it comes from.
 */
#include "web.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page.h"
#include "serve.h"

enum {
	CONNECTIONS = 16,
	SECONDS = 30,
	PENALTY_MS = 1000,
	BODY_MAX = 4096,
	POST_BUFFER = 1024
};

struct web {
	const char *node, *mgmt;
	const struct rcfile *rc;
	struct MHD_Daemon *daemon;
};

/* What a request has sent so far. */
struct request {
	struct MHD_PostProcessor *post;
	size_t size;
	char cmd[128], arg[256];
	bool bad;
};

static enum MHD_Result reply(struct MHD_Connection *to, unsigned int status,
			     char *text, size_t len,
			     enum MHD_ResponseMemoryMode mode)
{
	static const char *const headers[][2] = {
		{ "Content-Type", "text/html; charset=utf-8" },
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy",
		  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
		  "frame-ancestors 'none'; base-uri 'none'" },
	};
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, text, mode);
	enum MHD_Result ret;

	if (!r) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(r, headers[i][0], headers[i][1]);
	if (status == MHD_HTTP_UNAUTHORIZED)
		ret = MHD_queue_basic_auth_fail_response(to, "VDE switch", r);
	else
		ret = MHD_queue_response(to, status, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *to, unsigned int status,
			      const char *why)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "<!DOCTYPE html><title>%u</title><p>%s</p>\n",
			   status, why);

	return reply(to, status, text, (size_t)len, MHD_RESPMEM_MUST_COPY);
}

/* The thread waits, and with it whoever tries one password after another. */
static bool is_allowed(struct web *web, struct MHD_Connection *from)
{
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(from, &password);
	bool ok = password && rc_is_password(web->rc, password);

	if (password && !ok) {
		serve_say("web: wrong password");
		poll(NULL, 0, PENALTY_MS);
	}
	MHD_free(password);
	MHD_free(user);
	return ok;
}

/* Browsers name the site that a form is of. */
static bool is_own_form(struct MHD_Connection *from)
{
	const char *origin = MHD_lookup_connection_value(
		from, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
	const char *host = MHD_lookup_connection_value(from, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	static const char scheme[] = "http://";

	if (!origin)
		return true;
	return host && strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
	       strcmp(origin + sizeof(scheme) - 1, host) == 0;
}

/* A value comes in pieces. The parameters are libmicrohttpd's. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_field(void *arg, enum MHD_ValueKind kind,
				const char *key, const char *filename,
				const char *type, const char *encoding,
				const char *data, uint64_t offset, size_t size)
{
	struct request *r = arg;
	bool is_cmd = key && strcmp(key, "cmd") == 0;
	char *to = is_cmd ? r->cmd : r->arg;
	size_t room = is_cmd ? sizeof(r->cmd) : sizeof(r->arg);

	(void)kind;
	(void)filename;
	(void)type;
	(void)encoding;
	if (!is_cmd && (!key || strcmp(key, "arg") != 0))
		return MHD_YES;
	if (offset >= room || size >= room - offset ||
	    memchr(data, '\0', size)) {
		r->bad = true;
		return MHD_NO;
	}
	memcpy(to + offset, data, size);
	return MHD_YES;
}

static enum MHD_Result send_page(struct web *web, struct MHD_Connection *to,
				 const struct page *page)
{
	struct mgmt_call call;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int ret = mgmt_open(&call, web->mgmt);

	if (ret < 0)
		return refuse(to, MHD_HTTP_BAD_GATEWAY,
			      "The switch does not answer.");
	out = open_memstream(&text, &len);
	ret = out ? page_write(out, page, &call) : -ENOMEM;
	if (out && fclose(out) != 0)
		ret = -ENOMEM;
	mgmt_close(&call);
	if (ret == 0)
		return reply(to, MHD_HTTP_OK, text, len, MHD_RESPMEM_MUST_FREE);
	free(text);
	if (ret == -ENOENT)
		return refuse(to, MHD_HTTP_NOT_FOUND, "No such menu.");
	if (ret == -EINVAL)
		return refuse(to, MHD_HTTP_BAD_REQUEST, "No such command.");
	return refuse(to, MHD_HTTP_BAD_GATEWAY, "The switch does not answer.");
}

static enum MHD_Result begin(struct MHD_Connection *from, const char *method,
			     void **state)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return MHD_NO;
	if (strcmp(method, MHD_HTTP_METHOD_POST) == 0) {
		r->post = MHD_create_post_processor(from, POST_BUFFER, on_field,
						    r);
		r->bad = !r->post;
	}
	*state = r;
	return MHD_YES;
}

static enum MHD_Result take_body(struct request *r, const char *data,
				 size_t *size)
{
	r->size += *size;
	if (r->size > BODY_MAX)
		r->bad = true;
	if (!r->bad && MHD_post_process(r->post, data, *size) == MHD_NO)
		r->bad = true;
	*size = 0;
	return MHD_YES;
}

/* Called once for the head, then for each piece of the body, then at the end. */
/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd's parameters */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *from,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *size, void **state)
{
	struct web *web = arg;
	struct request *r = *state;
	bool is_post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;

	(void)version;
	if (!r)
		return begin(from, method, state);
	if (*size && is_post)
		return take_body(r, data, size);
	*size = 0;
	if (!is_allowed(web, from))
		return refuse(from, MHD_HTTP_UNAUTHORIZED,
			      "The password, please.");
	if (!is_post && strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(from, MHD_HTTP_METHOD_NOT_ALLOWED, "No.");
	if (is_post && !is_own_form(from))
		return refuse(from, MHD_HTTP_FORBIDDEN,
			      "This form is of another site.");
	if (r->bad)
		return refuse(from, MHD_HTTP_BAD_REQUEST, "A form is wrong.");
	return send_page(web, from,
			 &(struct page){ .node = web->node,
					 .dir = url + (url[0] == '/'),
					 .cmd = is_post ? r->cmd : NULL,
					 .arg = r->arg });
}

static void on_done(void *arg, struct MHD_Connection *from, void **state,
		    enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)arg;
	(void)from;
	(void)why;
	if (r && r->post)
		MHD_destroy_post_processor(r->post);
	free(r);
	*state = NULL;
}

struct web *web_new(const char *node, const char *mgmt, const struct rcfile *rc,
		    int fd)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web) {
		close(fd);
		return NULL;
	}
	*web = (struct web){ .node = node, .mgmt = mgmt, .rc = rc };
	web->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD |
			MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
		0, NULL, NULL, on_request, web, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SECONDS,
		MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
	if (web->daemon)
		return web;
	close(fd);
	free(web);
	return NULL;
}

void web_free(struct web *web)
{
	if (!web)
		return;
	MHD_stop_daemon(web->daemon);
	free(web);
}
