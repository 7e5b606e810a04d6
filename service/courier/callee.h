/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CALLEE_H
#define TS_SERVICE_CALLEE_H
/* Why: the service calls addresses that others give it, from inside its own network. Only public
 * hosts are called, over https; the check is of the address that is connected to, in the moment of
 * the connect, so that a name that changes its mind gains nothing. */
#include "base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

#define TS_CALLEE_URL_MAX 2048

enum ts_callee_reach {
	TS_CALLEE_PUBLIC,
	TS_CALLEE_LOOPBACK,
	TS_CALLEE_PRIVATE, /* or reserved, multicast, translated, unknown */
};
/* IPv4 and IPv6; any other family is PRIVATE. */
enum ts_callee_reach ts_callee_reach(const struct sockaddr *address);

/* May this address be connected to? loopback: the configuration allows it; https: by the URL's
 * scheme.
 */
bool ts_callee_allowed(const struct sockaddr *address, bool https, bool loopback);

/* https://host[:port][/path][?query], no user, no fragment; http only with loopback, and then only
 * a loopback address is connected to. A host that is an address is checked here, too. TS_E_INVALID.
 */
enum ts_err ts_callee_url_check(const char *url, bool loopback, struct ts_why *why) TS_MUST;

#endif
