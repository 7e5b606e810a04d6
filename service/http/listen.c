/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/exchange.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

static enum ts_err split_address(
	const char *address, char host[128], char port[8], struct ts_why *why)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;
	if (len == 0 || len >= 128 || strlen(colon + 1) >= 8)
		return ts_why(why, TS_E_MALFORMED, "listen", "\"%s\" is not ADDRESS:PORT", address);
	bool bracket = address[0] == '[' && address[len - 1] == ']';
	(void)snprintf(
		host, 128, "%.*s", (int)(bracket ? len - 2 : len), address + (bracket ? 1 : 0));
	(void)snprintf(port, 8, "%s", colon + 1);
	return TS_OK;
}

static int bind_one(const struct addrinfo *info)
{
	int one = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		(info->ai_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
		bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		int saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(addr);
	if (getsockname(fd, &addr.any, &len) != 0)
		return 0;
	return ntohs(addr.any.sa_family == AF_INET6 ? addr.in6.sin6_port : addr.in.sin_port);
}

enum ts_err ts_listen_open(const char *address, int *fd, uint16_t *port, struct ts_why *why)
{
	char host[128];
	char service[8];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *info = NULL;
	TS_TRY(split_address(address, host, service, why));
	const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
	int rc = getaddrinfo(name, service, &hints, &info);
	if (rc != 0)
		return ts_why(why, TS_E_MALFORMED, "listen", "\"%s\" is not a numeric address: %s",
			address, gai_strerror(rc));
	int got = bind_one(info);
	int saved = errno;
	freeaddrinfo(info);
	if (got < 0)
		return ts_why(why, TS_E_UNAVAILABLE, "listen", "cannot listen on %s: %s", address,
			strerror(saved));
	*fd = got;
	*port = bound_port(got);
	return TS_OK;
}
