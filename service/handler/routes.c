/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of routes: an aggregate adds its own to routes.def. */
#include "service/http/route.h"

#define X(aggregate) extern const struct ts_route ts_routes_##aggregate[];
#include "service/handler/routes.def"
#undef X

const struct ts_route *const ts_route_tables[] = {
#define X(aggregate) ts_routes_##aggregate,
#include "service/handler/routes.def"
#undef X
	NULL,
};
