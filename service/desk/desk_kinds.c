/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of statement that the desk takes. */
#include "service/desk/desk.h"

extern const struct ts_desk_kind ts_desk_revoke, ts_desk_reattest, ts_desk_release, ts_desk_notice,
	ts_desk_period, ts_desk_reservation, ts_desk_gap, ts_desk_credit, ts_desk_settlement,
	ts_desk_claim, ts_desk_payment, ts_desk_refund, ts_desk_consent;

const struct ts_desk_kind *const ts_desk_kinds[] = {
	&ts_desk_revoke,
	&ts_desk_reattest,
	&ts_desk_release,
	&ts_desk_notice,
	&ts_desk_period,
	&ts_desk_reservation,
	&ts_desk_gap,
	&ts_desk_credit,
	&ts_desk_settlement,
	&ts_desk_claim,
	&ts_desk_payment,
	&ts_desk_refund,
	&ts_desk_consent,
	NULL,
};

const struct ts_desk_kind *ts_desk_kind_named(struct ts_str name)
{
	for (size_t i = 0; ts_desk_kinds[i] != NULL; i++)
		if (ts_str_is(name, ts_desk_kinds[i]->name))
			return ts_desk_kinds[i];
	return NULL;
}
