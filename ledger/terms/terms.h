/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_TERMS_H
#define TS_TERMS_TERMS_H
/* Why: the contract as both companies signed it. A JSON document (docs/formats/terms.md), kept as
 * exact bytes; this is its decoded form. Everything that rating needs is in here (the zone as an
 * offset table, the issuer's first tax table, keys and quorum), so that a verifier needs nothing
 * else. Pure and immutable after ts_terms_parse; all memory belongs to the region. */
#include "base/json.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/time.h"
#include "evidence/quorum.h"

struct ts_address {
	const char *street, *city, *postal_code, *region; /* NULL where absent */
	const char *country; /* ISO 3166-1 alpha-2 */
};

/* How a company is known to registers and networks; NULL where absent. */
struct ts_identifier {
	const char *scheme; /* ISO 6523, or EAS for an electronic address */
	const char *id;
};
struct ts_contact {
	const char *name, *phone, *email;
};
struct ts_payment {
	const char *means; /* UNTDID 4461: "58" SEPA transfer, "30" credit transfer, ... */
	const char *iban, *account, *bic, *account_name; /* iban or account */
};

struct ts_party {
	const char *id; /* short name, [a-z0-9-]{1,32} */
	const char *name; /* legal name */
	struct ts_address address;
	const char *tax_id; /* VAT or tax number; NULL */
	const char *email; /* NULL */
	const char *statement_key; /* vkey, type 0x01 */
	const char *payment_details; /* provider: bank details as printed; NULL */
	/* For electronic invoices (docs/formats/terms.md); NULL where absent. */
	const char *trade_name, *vat_id;
	struct ts_identifier registration, endpoint;
	struct ts_contact contact;
	struct ts_payment payment; /* provider */
};

/* Who runs a witness: what the rule of quorums counts. */
enum ts_run_by { TS_RUN_BY_PROVIDER, TS_RUN_BY_CONSUMER, TS_RUN_BY_AUDITOR, TS_RUN_BY_OPERATOR };
const char *ts_run_by_name(enum ts_run_by run_by);
struct ts_terms_witness {
	const char *vkey; /* type 0x04 */
	enum ts_run_by run_by;
};

/* The vkeys under which evidence of this contract is signed (2-evidence.md). */
struct ts_terms_keys {
	const char *domain; /* first part of every origin */
	const char *operator_key, *receipt_key, *inputs_log, *journal_log;
	const char *quorum; /* as written: "unwitnessed", "all" or a number */
	const struct ts_terms_witness *witnesses;
	size_t witnesses_n;
	struct ts_quorum quorum_of; /* the same as keys and a number; n 0: unwitnessed */
	const char *operator; /* "provider" or "neutral": who runs the service */
	int64_t countersign_days; /* a period statement then counts as countersigned; -1: never */
	int64_t incomplete_after_days; /* a document may then issue over a gap; -1: never */
	int64_t unwitnessed_after_days; /* an invoice may issue `unwitnessed` after so many days */
	int64_t inclusion_seconds; /* a receipt's promise */
};

struct ts_sku {
	const char *id; /* as in record lines */
	const char *name; /* as printed */
	const char *unit; /* as printed: GPU-hour, GB, ... */
	const char *unit_code; /* UN/ECE Recommendation 20: HUR, E34, ...; NULL */
	ts_i128 divisor; /* base units per priced unit; GPU-hour: 3,600,000,000 */
	ts_i128 capacity; /* at most so many base units an hour, as declared; 0: nothing is said */
};

/* Dimensions that prices select by. A selector is ANY, REST (in none of the declared sets) or the
 * place of a declared set, from 1. */
#define TS_SELECT_ANY 0
#define TS_SELECT_REST (-1)
struct ts_region_set { /* clusters of streams; sets are disjoint */
	const char *name;
	const char *const *clusters;
	size_t clusters_n;
};
struct ts_purpose { /* the account decides first, then the class; sets are disjoint */
	const char *name;
	const char *const *accounts;
	size_t accounts_n;
	const char *const *classes;
	size_t classes_n;
};
#define TS_WEEK_QUARTERS 672
struct ts_time_window { /* quarter-hours of the week by the wall clock of the contract's zone */
	const char *name;
	uint64_t quarters[(TS_WEEK_QUARTERS + 63) / 64]; /* bit 0: Monday 00:00 */
};

/* What a price's tiers or packages count: a billing period, the whole term, or (from 1) a counter
 * that several prices share. */
#define TS_COUNTER_PERIOD 0
#define TS_COUNTER_TERM (-1)
struct ts_counter {
	const char *id;
	bool term; /* else it begins anew in every billing period */
};

enum ts_price_model { TS_PRICE_PER_UNIT, TS_PRICE_GRADUATED, TS_PRICE_VOLUME, TS_PRICE_PACKAGE };

struct ts_tier {
	bool open; /* the last tier has no upper edge */
	ts_i128 up_to; /* inclusive, base units */
	struct ts_decimal unit_price;
	int64_t flat_minor; /* charged once when the tier is reached; 0 if none */
	ts_i128 package; /* base units: unit_price is per package begun; 0: per priced unit */
};

/* At most one price matches a cell; ambiguity is refused when the terms are parsed. */
struct ts_price {
	const char *id, *section, *description;
	size_t sku; /* index into skus */
	const char *pricing_class; /* as in record lines, or "*" for any */
	int32_t region, purpose, window; /* selectors */
	enum ts_price_model model;
	struct ts_decimal unit_price; /* PER_UNIT */
	const struct ts_tier
		*tiers; /* GRADUATED, VOLUME: edges rise, last one open; PACKAGE: one */
	size_t tiers_n;
	int32_t counter; /* TS_COUNTER_*, or a shared one */
	bool fine; /* rated from quarter-hours, not from sums per month */
	size_t treatment; /* index into treatments */
};

/* An amount per full billing period that holds for contract days [from_day, to_day). */
struct ts_segment {
	int32_t from_day, to_day;
	int64_t amount_minor;
};
/* So much of a fee is billed with the first document whose period ends on the day or later. */
struct ts_installment {
	int32_t day;
	int64_t amount_minor;
};
struct ts_fee { /* take-or-pay; days of a partial period pro rata */
	const char *id, *section, *description;
	const struct ts_segment *segments; /* rising, disjoint: what is accrued */
	size_t segments_n;
	size_t treatment;
	bool in_advance; /* billed with the document of the period before */
	const struct ts_installment
		*installments; /* what is billed when, if that is another plan */
	size_t installments_n;
};
/* Which prices and fees something is about. */
struct ts_cover {
	const bool *prices, *fees; /* by index; NULL: all of them */
};
struct ts_minimum { /* true-up = minimum of the period - what counts toward it, if positive */
	const char *id, *section, *description;
	const struct ts_segment *segments;
	size_t segments_n;
	bool counts_usage, counts_fees;
	struct ts_cover on;
	bool has_overage; /* what counts beyond the minimum costs (factor - 1) more */
	bool proportional; /* a shortfall is recognised day by day, else when the period is over */
	struct ts_decimal overage_factor;
	size_t treatment;
};

/* Less than rated: a percentage of prices or fees, or the first units of one price. */
struct ts_discount {
	const char *id, *section, *description;
	struct ts_cover on; /* prices or fees, never both; by quantity: one price */
	struct ts_decimal percent;
	ts_i128 quantity; /* base units of every period that cost nothing; 0: by percent */
	size_t price; /* by quantity */
	size_t treatment; /* of all that it is about */
};
struct ts_cap { /* at most this is charged for what it is about */
	const char *id, *section, *description;
	struct ts_cover on;
	bool term; /* amount_minor over the whole term; else segments, as a minimum */
	int64_t amount_minor;
	const struct ts_segment *segments;
	size_t segments_n;
	size_t treatment;
};

/* Excluded usage that is measured all the same: (class, SKU). Its sums stand behind those of the
 * prices, as slot prices_n + its place. */
struct ts_watch {
	size_t exclusion, sku;
};

enum ts_per { TS_PER_PERIOD, TS_PER_HOUR, TS_PER_QUARTER_HOUR };
struct ts_level { /* a quantity for contract days [from_day, to_day) */
	int32_t from_day, to_day;
	ts_i128 quantity; /* base units per full billing period, or per hour */
};
/* A quantity of one per-unit price that is paid, used or not. */
struct ts_commitment {
	const char *id, *section, *description;
	size_t price;
	enum ts_per per;
	int32_t window; /* selector: the quarter-hours in which it holds */
	const struct ts_level *levels; /* rising, disjoint */
	size_t levels_n;
	bool has_overage, has_shortfall;
	struct ts_decimal overage_price; /* per unit beyond it, instead of the unit price */
	struct ts_decimal shortfall_price; /* per unit not used */
	struct ts_decimal rollover; /* fraction of what was not used, into the next period */
	bool proportional; /* as of a minimum; per period only */
};

/* Classes that are not billed at all (maintenance, provider fault). */
struct ts_exclusion {
	const char *pricing_class;
	const char *reason;
	const char *caused_by; /* "provider", "consumer", "other"; NULL: not said */
	const char *counts_as; /* toward commitments and minimums it is usage of this class; NULL */
	bool counts; /* that it does */
};

/* A credit for excluded usage, measured against the capacity that was promised. */
struct ts_sla_tier {
	struct ts_decimal below; /* percent available */
	struct ts_decimal percent; /* of the base */
};
struct ts_sla {
	const char *id, *section, *description;
	struct ts_cover on; /* whose lines are the base */
	bool before_true_up; /* the base is without true-up and excess */
	const size_t *watches; /* what counts as down */
	size_t watches_n;
	size_t sku;
	const struct ts_level *levels; /* capacity in base units per hour */
	size_t levels_n;
	const struct ts_sla_tier *tiers; /* below falls, percent rises */
	size_t tiers_n; /* 0: the share of the capacity that was down is not paid */
	struct ts_decimal cap_percent; /* of the base */
	bool on_claim; /* only if the consumer claims it */
	int64_t claim_days; /* by when: so many days behind the period */
	bool next_document; /* in the document behind that of its period */
	size_t treatment;
};

/* Money that is invoiced before anything is used, and drawn on by what is charged later. */
struct ts_prepayment {
	const char *id, *section, *description;
	int64_t amount_minor; /* net */
	int32_t invoice_day; /* its invoice issues on this day at the earliest */
	bool deposit; /* drawn against what a document asks for, after tax; else before tax */
	bool when_paid; /* may be drawn once it is paid; else once it is invoiced */
	struct ts_cover on; /* what draws on it; a deposit: every document */
	int64_t priority; /* lower ones are drawn first, then those that expire first */
	int32_t expires_day; /* no period that begins then or later; INT32_MAX: never */
	struct ts_decimal rollover; /* so much of what is left then may be drawn for longer */
	int32_t rollover_day; /* until then */
	size_t treatment;
};

struct ts_treatment {
	const char *id;
	const char *category; /* EN 16931 code: S Z E AE K G O */
	const char *jurisdiction; /* "DE", "US-TN" */
	const char *reason; /* exemption text, "Reverse charge"; NULL for S */
	const char *rate; /* name of the rate in the tables; NULL: 0 % */
	bool reverse_charge; /* consumer books input and output tax itself */
	struct ts_decimal reverse_percent; /* the consumer's own rate then; from terms */
	bool recoverable; /* for the consumer: input tax, else expense */
};
struct ts_tax_rate {
	const char *rate, *jurisdiction;
	int32_t from_day; /* holds from this day until the next row of the same rate */
	struct ts_decimal percent; /* 19 = 19 % */
};

/* What two records, lines or documents may differ by and still agree. */
struct ts_tolerance {
	struct ts_decimal percent; /* of the provider's */
	int64_t amount_minor; /* and no more than that; -1: no such limit */
};
/* How the companies deal with what they disagree about: data that they signed. */
struct ts_dealing {
	struct ts_tolerance record, line, invoice;
	int64_t open_days; /* a dispute may be opened so many days after the issue day; -1: ever */
	int64_t respond_days; /* and is answered within; -1: no deadline */
	int64_t deemed_days; /* what nobody disputed counts as accepted then; -1: never */
	int64_t materiality_minor; /* less is not restated, but corrected in the next document */
	const char *fees,
		*shortfall; /* revenue policy: as_billed, straight_line, by_capacity; NULL */
};

struct ts_terms {
	const char *contract; /* 32 hex */
	int64_t version;
	const char *title;
	struct ts_party provider, consumer;
	const struct ts_currency *currency;
	struct ts_zone zone;
	int64_t from_us,
		to_us; /* term, half-open, on contract day edges; to_us INT64_MAX if open */
	int32_t from_day, to_day; /* the same as contract days; to_day INT32_MAX if open */
	int64_t anchor_day; /* 1..31, or the month's last: periods begin on this day */
	int64_t months; /* of a billing period; 0 means 1 */
	int64_t month; /* 1..12: some period begins in it; 0: the first is whole, as it were */
	const char *series; /* prefix of invoice numbers */
	int64_t due_days;
	const char *purchase_order, *buyer_reference, *payment_terms; /* NULL where absent */
	const char *type; /* of invoices, UNTDID 1001: "380", "82" (metered services); NULL: 380 */
	const char *accounting_cost; /* the consumer's cost account; NULL */
	struct ts_terms_keys keys;
	const struct ts_sku *skus;
	size_t skus_n;
	const struct ts_region_set *regions;
	size_t regions_n;
	const struct ts_purpose *purposes;
	size_t purposes_n;
	const struct ts_time_window *windows;
	size_t windows_n;
	const struct ts_counter *counters;
	size_t counters_n;
	const struct ts_price *prices;
	size_t prices_n;
	bool alone; /* rated by itself over the days that it governs, not with other versions */
	bool chained; /* what a period costs depends on what the periods before it used */
	bool chained_amounts; /* and on what they cost */
	const struct ts_fee *fees;
	size_t fees_n;
	const struct ts_minimum *minimums;
	size_t minimums_n;
	const struct ts_discount *discounts;
	size_t discounts_n;
	const struct ts_commitment *commitments;
	size_t commitments_n;
	const struct ts_cap *caps;
	size_t caps_n;
	const struct ts_exclusion *exclusions;
	size_t exclusions_n;
	const struct ts_watch *watches;
	size_t watches_n;
	const struct ts_sla *slas;
	size_t slas_n;
	const struct ts_prepayment *prepayments;
	size_t prepayments_n;
	const struct ts_treatment *treatments;
	size_t treatments_n;
	const struct ts_tax_rate *tax_rates;
	size_t tax_rates_n;
	int64_t usage_until_days; /* earliest cut = period end + this */
	int64_t late_usage_until_days; /* after a cut + this, usage is evidence only */
	enum ts_rounding rounding;
	bool counters_continue; /* an amendment: counters of the period go on where they stood */
	struct ts_dealing dealing;
	bool has_termination; /* either company may end the term by a notice */
	int64_t notice_days; /* from the day of its log time to the first day after the term */
	int32_t not_before_day; /* that day is this one or a later one */
};

/* Decodes and validates. Every refusal names the JSON pointer, the value and the rule in *why:
 * unknown or missing member, doubly matched (sku, class), tier edges that do not rise, segment
 * outside the term or overlapping, days off the calendar, unknown sku, treatment, currency, an
 * amount that could overflow, a vkey that does not parse. On success *out and everything in it
 * belong to the region. */
enum ts_err ts_terms_parse(const char *bytes, size_t len, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why) TS_MUST;

/* The same for `tallystick rate`: what names the parties, their keys and the paper may be left out
 * and gets neutral defaults (docs/formats/terms.md, "What-if terms"); currency and term suffice.
 * What is there is decoded and checked just as strictly. Never use it for signed terms. */
enum ts_err ts_terms_parse_what_if(const char *bytes, size_t len, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why) TS_MUST;

/* The members of a party that only electronic invoices need, as terms have them and as a company's
 * own record may; each may be NULL. Decoded into *out and checked as in terms; pointers of refusals
 * begin with `pointer`. out->vat_id is checked too. */
struct ts_party_invoicing {
	const json_t *registration, *endpoint, *contact, *payment;
};
enum ts_err ts_party_invoicing(const struct ts_party_invoicing *raw, struct ts_region *region,
	const char *pointer, struct ts_party *party, struct ts_why *why) TS_MUST;

/* Sums of usage that rating keeps: one per price, then one per watch. */
size_t ts_terms_slots(const struct ts_terms *terms);
/* The price's id, or the excluded class. */
const char *ts_terms_slot_id(const struct ts_terms *terms, size_t slot);
/* Slot of an excluded class and SKU; false when it is not watched. */
bool ts_terms_watch(
	const struct ts_terms *terms, size_t exclusion, struct ts_str sku, size_t *slot);

/* What a cell must carry besides quarter, SKU, class and quantity for these terms to rate it. */
struct ts_terms_needs {
	bool account, origin;
};
struct ts_terms_needs ts_terms_needs(const struct ts_terms *terms);

/* Percent of a treatment on a day (0 when it has no rate); TS_E_NOT_FOUND when the tables have
 * none. */
enum ts_err ts_terms_tax_percent(const struct ts_terms *terms, size_t treatment, int32_t day,
	struct ts_decimal *percent) TS_MUST;

#endif
