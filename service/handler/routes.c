/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of routes: an aggregate adds its own here. */
#include "service/http/route.h"

extern const struct ts_route ts_routes_party[], ts_routes_contract[], ts_routes_offer[],
	ts_routes_diff[], ts_routes_stream[], ts_routes_usage[], ts_routes_book[],
	ts_routes_period[], ts_routes_statement[], ts_routes_seal[], ts_routes_log[],
	ts_routes_evidence[], ts_routes_webhook[], ts_routes_complete[], ts_routes_bundle[],
	ts_routes_journal[], ts_routes_journal_export[], ts_routes_focus[],
	ts_routes_explain[], ts_routes_forecast[];

const struct ts_route *const ts_route_tables[] = {
	ts_routes_frame,
	ts_routes_party,
	ts_routes_contract,
	ts_routes_offer,
	ts_routes_diff,
	ts_routes_stream,
	ts_routes_usage,
	ts_routes_book,
	ts_routes_period,
	ts_routes_statement,
	ts_routes_seal,
	ts_routes_log,
	ts_routes_evidence,
	ts_routes_webhook,
	ts_routes_complete,
	ts_routes_bundle,
	ts_routes_journal,
	ts_routes_journal_export,
	ts_routes_focus,
	ts_routes_explain,
	ts_routes_forecast,
	NULL,
};
