/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_AWS_H
#define TS_IMPORTERS_SOURCE_AWS_H
/* Why: what AWS bills is hours of instances; which accelerators an instance holds is the catalog's
 * knowledge. A report is the whole of a payer's billing period as it is known that day: the next
 * one replaces it, by natural keys, as AWS's line ids mean nothing across reports. Fees, discounts
 * and taxes are money, not usage: told with their amount, never billed. */
#include "importers/frame/source.h"

/* An instance type, and how it was held, in a usage type: "USW2-BoxUsage:p5.48xlarge". */
struct ts_aws_usage {
	struct ts_str kind; /* "BoxUsage" */
	struct ts_str instance; /* "p5.48xlarge"; empty: none is named */
};
struct ts_aws_usage ts_aws_usage_split(struct ts_str usage_type);
/* Families that hold accelerators, as far as their names tell: p, g, gr, trn, inf, dl, vt. */
bool ts_aws_is_accelerated(struct ts_str instance);

extern const struct ts_source ts_aws_cur_source;

#endif
