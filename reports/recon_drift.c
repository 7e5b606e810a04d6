/* SPDX-License-Identifier: Apache-2.0 */
/* What was within tolerance period after period is money too when it leans to one side. */
#include "reports/recon.h"
#include <string.h>

/* A member of the earlier report as a whole number; 0 where it has none. */
static enum ts_err number_in(const json_t *value, ts_i128 *out)
{
	*out = 0;
	if (value == NULL || json_is_null(value))
		return TS_OK;
	if (!json_is_string(value) || ts_i128_parse(ts_str(json_string_value(value)), out) != TS_OK)
		return TS_E_INVALID;
	return TS_OK;
}

static enum ts_err check_before(const struct ts_recon_paper *p, struct ts_why *why)
{
	const char *format = json_string_value(json_object_get(p->before, "format"));
	const char *contract = json_string_value(json_object_get(p->before, "contract"));
	if (format == NULL || strcmp(format, TS_RECON_FORMAT) != 0 || contract == NULL ||
		strcmp(contract, p->contract) != 0)
		return ts_why(why, TS_E_INVALID, "--before",
			"is no reconciliation report of contract %s", p->contract);
	return TS_OK;
}

enum ts_err ts_recon_drift(const struct ts_recon_paper *p, const struct ts_recon_sku *sku,
	ts_i128 *quantity, struct ts_why *why)
{
	ts_i128 before = 0;
	if (p->before != NULL) {
		TS_TRY(check_before(p, why));
		const json_t *list = json_object_get(p->before, "skus");
		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *row = json_array_get(list, i);
			const char *name = json_string_value(json_object_get(row, "sku"));
			if (name != NULL && strcmp(name, sku->sku) == 0 &&
				number_in(json_object_get(row, "drift"), &before) != TS_OK)
				return ts_why(why, TS_E_INVALID, "--before",
					"/skus/%zu/drift is no whole number", i);
		}
	}
	return ts_add128(before, sku->within, quantity);
}

enum ts_err ts_recon_drift_minor(const struct ts_recon_paper *p, ts_i128 *minor, struct ts_why *why)
{
	ts_i128 before = 0;
	if (p->before != NULL) {
		TS_TRY(check_before(p, why));
		const json_t *own = json_object_get(
			json_object_get(p->before, "within"), "drift_minor");
		if (number_in(own, &before) != TS_OK)
			return ts_why(why, TS_E_INVALID, "--before",
				"/within/drift_minor is no whole number");
	}
	return ts_add128(before, p->report->within_minor, minor);
}
