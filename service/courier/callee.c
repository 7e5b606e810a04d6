/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/callee.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

/* IANA's special-purpose registries: everything that is not globally reachable. */
static const struct {
	uint32_t net;
	int bits;
} private4[] = {
	{0x00000000, 8}, /* this network */
	{0x0a000000, 8}, {0x64400000, 10}, /* shared: carriers, and some clouds' metadata */
	{0x7f000000, 8}, {0xa9fe0000, 16}, /* link-local, and the metadata of most clouds */
	{0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
	{0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4}, /* multicast */
	{0xf0000000, 4}, /* reserved, and broadcast */
};
/* Within 2000::/3, which alone is global unicast: protocol assignments with Teredo, documentation,
 * 6to4 (an IPv4 address in disguise), documentation again. */
static const struct {
	uint8_t net[4];
	int bits;
} private6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23},
	{{0x20, 0x01, 0x0d, 0xb8}, 32},
	{{0x20, 0x02, 0x00, 0x00}, 16},
	{{0x3f, 0xff, 0x00, 0x00}, 20},
};

static bool within(uint32_t address, uint32_t net, int bits)
{
	return (address ^ net) >> (32 - bits) == 0;
}

static enum ts_callee_reach reach4(uint32_t address)
{
	if (within(address, 0x7f000000, 8))
		return TS_CALLEE_LOOPBACK;
	for (size_t i = 0; i < sizeof private4 / sizeof private4[0]; i++)
		if (within(address, private4[i].net, private4[i].bits))
			return TS_CALLEE_PRIVATE;
	return TS_CALLEE_PUBLIC;
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum ts_callee_reach reach6(const struct in6_addr *address)
{
	const uint8_t *b = address->s6_addr;
	if (IN6_IS_ADDR_LOOPBACK(address))
		return TS_CALLEE_LOOPBACK;
	if (IN6_IS_ADDR_V4MAPPED(address))
		return reach4(be32(b + 12));
	if ((b[0] & 0xe0) != 0x20)
		return TS_CALLEE_PRIVATE;
	for (size_t i = 0; i < sizeof private6 / sizeof private6[0]; i++)
		if (within(be32(b), be32(private6[i].net), private6[i].bits))
			return TS_CALLEE_PRIVATE;
	return TS_CALLEE_PUBLIC;
}

enum ts_callee_reach ts_callee_reach(const struct sockaddr *address)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	if (address->sa_family == AF_INET) {
		memcpy(&in4, address, sizeof in4);
		return reach4(ntohl(in4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof in6);
		return reach6(&in6.sin6_addr);
	}
	return TS_CALLEE_PRIVATE;
}

bool ts_callee_allowed(const struct sockaddr *address, bool https, bool loopback)
{
	switch (ts_callee_reach(address)) {
	case TS_CALLEE_PUBLIC:
		return https;
	case TS_CALLEE_LOOPBACK:
		return loopback;
	case TS_CALLEE_PRIVATE:
		return false;
	}
	return false;
}

/* A host that is an address is told at once; a name is looked at when it is called. */
static bool host_allowed(const char *host, bool https, bool loopback)
{
	char bare[256];
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	size_t len = strlen(host);
	if (len >= sizeof bare)
		return false;
	memcpy(bare, host, len + 1);
	if (len > 2 && bare[0] == '[') { /* curl keeps the brackets of IPv6 */
		bare[len - 1] = '\0';
		memmove(bare, bare + 1, len - 1);
	}
	if (getaddrinfo(bare, NULL, &hints, &found) != 0)
		return https || loopback;
	bool allowed = ts_callee_allowed(found->ai_addr, https, loopback);
	freeaddrinfo(found);
	return allowed;
}

static bool has_part(CURLU *parts, CURLUPart what)
{
	char *text = NULL;
	bool has = curl_url_get(parts, what, &text, 0) == CURLUE_OK;
	curl_free(text);
	return has;
}

static enum ts_err check_parts(CURLU *parts, bool loopback, struct ts_why *why)
{
	char *scheme = NULL, *host = NULL;
	enum ts_err err = TS_OK;
	if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD) ||
		has_part(parts, CURLUPART_FRAGMENT))
		return ts_why(why, TS_E_INVALID, "/url", "has a user, a password or a fragment");
	if (curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
		err = ts_why(why, TS_E_INVALID, "/url", "has no host");
	} else {
		bool https = strcmp(scheme, "https") == 0;
		if (!https && !(loopback && strcmp(scheme, "http") == 0))
			err = ts_why(why, TS_E_INVALID, "/url", "must be https");
		else if (!host_allowed(host, https, loopback))
			err = ts_why(why, TS_E_INVALID, "/url",
				"%s is not a public address: the service does not call it", host);
	}
	curl_free(scheme);
	curl_free(host);
	return err;
}

enum ts_err ts_callee_url_check(const char *url, bool loopback, struct ts_why *why)
{
	size_t len = strlen(url);
	if (len == 0 || len > TS_CALLEE_URL_MAX)
		return ts_why(why, TS_E_INVALID, "/url", "has no or more than %d bytes",
			TS_CALLEE_URL_MAX);
	for (size_t i = 0; i < len; i++)
		if (url[i] <= 0x20 || url[i] > 0x7e)
			return ts_why(why, TS_E_INVALID, "/url", "holds odd bytes");
	CURLU *parts = curl_url();
	if (parts == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK
				  ? check_parts(parts, loopback, why)
				  : ts_why(why, TS_E_INVALID, "/url", "is no URL");
	curl_url_cleanup(parts);
	return err;
}
