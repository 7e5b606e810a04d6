/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_FOCUS_ROW_H
#define TS_IMPORTERS_SOURCE_FOCUS_ROW_H
/* Why: which columns a version of FOCUS has and what may stand in them is one table. A strict
 * reading refuses what breaks a rule; a lenient one puts right what it can, and lists what it did.
 */
#include "importers/frame/cell.h"

/* X(column, since, until, must, kind): minor versions of FOCUS 1.x; must: the column has to be
 * there ("M"), also in every row ("N"), or need not be ("-"). */
#define TS_FOCUS_COLUMNS(X)                                                                        \
	X(AvailabilityZone, 0, 3, '-', TEXT)                                                       \
	X(BilledCost, 0, 3, 'N', DECIMAL)                                                          \
	X(BillingAccountId, 0, 3, 'N', TEXT)                                                       \
	X(BillingAccountType, 2, 3, '-', TEXT)                                                     \
	X(BillingCurrency, 0, 3, 'N', CURRENCY)                                                    \
	X(BillingPeriodEnd, 0, 3, 'N', TIME)                                                       \
	X(BillingPeriodStart, 0, 3, 'N', TIME)                                                     \
	X(CapacityReservationId, 1, 3, '-', TEXT)                                                  \
	X(CapacityReservationStatus, 1, 3, '-', STATUS)                                            \
	X(ChargeCategory, 0, 3, 'N', CATEGORY)                                                     \
	X(ChargeClass, 0, 3, 'M', CLASS)                                                           \
	X(ChargeDescription, 0, 3, 'M', TEXT)                                                      \
	X(ChargeFrequency, 0, 3, '-', FREQUENCY)                                                   \
	X(ChargePeriodEnd, 0, 3, 'N', TIME)                                                        \
	X(ChargePeriodStart, 0, 3, 'N', TIME)                                                      \
	X(CommitmentDiscountCategory, 0, 3, '-', SPEND)                                            \
	X(CommitmentDiscountId, 0, 3, '-', TEXT)                                                   \
	X(CommitmentDiscountQuantity, 1, 3, '-', DECIMAL)                                          \
	X(CommitmentDiscountStatus, 0, 3, '-', STATUS)                                             \
	X(CommitmentDiscountType, 0, 3, '-', TEXT)                                                 \
	X(CommitmentDiscountUnit, 1, 3, '-', TEXT)                                                 \
	X(ConsumedQuantity, 0, 3, '-', DECIMAL)                                                    \
	X(ConsumedUnit, 0, 3, '-', TEXT)                                                           \
	X(ContractApplied, 3, 3, '-', JSON)                                                        \
	X(ContractedCost, 0, 3, 'N', DECIMAL)                                                      \
	X(ContractedUnitPrice, 0, 3, '-', PRICE)                                                   \
	X(EffectiveCost, 0, 3, 'N', DECIMAL)                                                       \
	X(HostProviderName, 3, 3, 'N', TEXT)                                                       \
	X(InvoiceId, 2, 3, '-', TEXT)                                                              \
	X(InvoiceIssuerName, 0, 3, 'N', TEXT)                                                      \
	X(ListCost, 0, 3, 'N', DECIMAL)                                                            \
	X(ListUnitPrice, 0, 3, '-', PRICE)                                                         \
	X(PricingCategory, 0, 3, '-', PRICING)                                                     \
	X(PricingCurrency, 2, 3, '-', TEXT)                                                        \
	X(PricingCurrencyContractedUnitPrice, 2, 3, '-', PRICE)                                    \
	X(PricingCurrencyEffectiveCost, 2, 3, '-', DECIMAL)                                        \
	X(PricingCurrencyListUnitPrice, 2, 3, '-', PRICE)                                          \
	X(PricingQuantity, 0, 3, 'M', DECIMAL)                                                     \
	X(PricingUnit, 0, 3, 'M', TEXT)                                                            \
	X(ProviderName, 0, 2, 'N', TEXT)                                                           \
	X(PublisherName, 0, 2, 'N', TEXT)                                                          \
	X(RegionId, 0, 3, '-', TEXT)                                                               \
	X(ResourceId, 0, 3, '-', TEXT)                                                             \
	X(ResourceType, 0, 3, '-', TEXT)                                                           \
	X(ServiceCategory, 0, 3, 'N', TEXT)                                                        \
	X(ServiceName, 0, 3, 'N', TEXT)                                                            \
	X(ServiceProviderName, 3, 3, 'N', TEXT)                                                    \
	X(SkuId, 0, 3, '-', TEXT)                                                                  \
	X(SkuMeter, 1, 3, '-', TEXT)                                                               \
	X(SkuPriceDetails, 1, 3, '-', JSON)                                                        \
	X(SkuPriceId, 0, 3, '-', TEXT)                                                             \
	X(SubAccountId, 0, 3, '-', TEXT)                                                           \
	X(Tags, 0, 3, '-', JSON)                                                                   \
	X(x_UsageType, 0, 3, '-', TEXT)
#define TS_FOCUS_ENUM(name, since, until, must, kind) TS_FOCUS_##name,
enum ts_focus_field { TS_FOCUS_COLUMNS(TS_FOCUS_ENUM) TS_FOCUS_FIELDS };
#undef TS_FOCUS_ENUM
extern const struct ts_field ts_focus_fields[TS_FOCUS_FIELDS];

#define TS_FOCUS_MINOR_MAX 3

struct ts_focus_heading {
	bool lenient;
	int minor; /* of 1.x; -1: seen from the columns */
};
/* TS_E_MISSING_FIELD, TS_E_UNKNOWN_FIELD, TS_E_INVALID: a strict reading refuses the file. */
enum ts_err ts_focus_heading(struct ts_focus_heading *heading, const struct ts_str *names, size_t n,
	struct ts_why *why) TS_MUST;

struct ts_focus_row {
	struct ts_str cells[TS_FOCUS_FIELDS]; /* at NULL: null; lenient: put right */
	int64_t start_ms; /* of the charge */
	int64_t end_ms;
	int64_t period_ms; /* its billing period's start */
	ts_i128 billed; /* ts_billed_money */
	ts_i128 effective;
	char coerced[120]; /* what was put right; "": nothing */
	int more; /* and so many more */
};
/* False: the row was judged (quarantined, focus_rule). */
bool ts_focus_read(const struct ts_focus_heading *heading, const struct ts_item *item,
	struct ts_focus_row *out, struct ts_row *row);

#endif
