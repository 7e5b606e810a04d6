/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_DECODE_H
#define TS_TERMS_DECODE_H
/* Why: internal to this room. The decoder of terms is split by noun (parties, prices, fees, tax);
 * this is what the parts share: where errors go, where memory comes from, whether members may be
 * left out, and the small grammars. Each part fills its members of the same ts_terms. */
#include "terms/terms.h"

/* Limits of one contract, so that every loop over terms is bounded; the terms' own byte limit is
 * the harder one for most. */
#define TS_TERMS_SKUS_MAX 1000
#define TS_TERMS_PRICES_MAX 1000
#define TS_TERMS_COUNTERS_MAX 100
#define TS_TERMS_SETS_MAX 100 /* regions, purposes, windows */
#define TS_TERMS_NAMES_MAX 1000 /* of one set */
#define TS_TERMS_TIERS_MAX 100
#define TS_TERMS_FEES_MAX 1000
#define TS_TERMS_SEGMENTS_MAX 600 /* a change in every month of 50 years */
#define TS_TERMS_BLOCKS_MAX 300 /* of one delivery ramp */
#define TS_TERMS_MINIMUMS_MAX 100
#define TS_TERMS_ADJUSTS_MAX 100 /* discounts, commitments, caps */
#define TS_TERMS_PREPAYMENTS_MAX 100
#define TS_TERMS_INSTALLMENTS_MAX 600 /* one in every month of 50 years */
#define TS_TERMS_EXCLUSIONS_MAX 200
#define TS_TERMS_TREATMENTS_MAX 100
#define TS_TERMS_RATES_MAX 1000
#define TS_TERMS_TERM_DAYS_MAX 36525 /* a hundred years */
#define TS_TERMS_TOKEN_MAX 128 /* SKU, class, id */
#define TS_TERMS_POINTER_CHARS 160

struct ts_decode {
	struct ts_terms *terms;
	struct ts_region *region;
	struct ts_why *why;
	bool what_if;
};

/* ts_json_decode; with `relaxed`, members that the table requires may be absent in what-if terms.
 */
enum ts_err ts_decode_object(const struct ts_decode *d, const json_t *obj,
	const struct ts_json_field *fields, size_t n, bool relaxed, void *out,
	const char *pointer) TS_MUST;
/* A zeroed array for the elements of a JSON array (NULL: none). */
enum ts_err ts_decode_array(const struct ts_decode *d, const json_t *array, size_t bytes_each,
	void *out, size_t *n) TS_MUST;
/* "/prices/3" or "/prices/3/tiers/1". */
void ts_decode_pointer(
	char out[TS_TERMS_POINTER_CHARS], const char *parent, const char *name, size_t i);

/* 0x21-0x7E without backslash and double quote, as in a record line; names the member on refusal.
 */
enum ts_err ts_decode_token(
	const struct ts_decode *d, const char *text, const char *pointer, const char *name) TS_MUST;
/* Money in the contract's currency, not negative. */
enum ts_err ts_decode_money(const struct ts_decode *d, const char *text, const char *pointer,
	const char *name, int64_t *minor) TS_MUST;
/* Priced units to base units: above 0 and a whole number of them. */
enum ts_err ts_decode_units(const struct ts_decode *d, struct ts_decimal up_to, ts_i128 divisor,
	const char *pointer, const char *name, ts_i128 *out) TS_MUST;
/* Index of the treatment; NULL means "none", allowed only in what-if terms. */
enum ts_err ts_decode_treatment(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index) TS_MUST;

/* Tokens of a JSON array, each once, copied. */
enum ts_err ts_decode_names(const struct ts_decode *d, const json_t *array, const char *pointer,
	const char *name, const char *const **out, size_t *n) TS_MUST;
/* The selectors of a price; NULL: any. */
enum ts_err ts_decode_selectors(const struct ts_decode *d, const char *region, const char *purpose,
	const char *window, const char *pointer, struct ts_price *price) TS_MUST;

/* Rows of from, to and amount: rising, disjoint, inside the term, not empty. */
enum ts_err ts_decode_schedule(const struct ts_decode *d, const json_t *array, const char *pointer,
	const struct ts_segment **out, size_t *n) TS_MUST;
/* What an `on` object names; NULL: all prices and fees. */
enum ts_err ts_decode_cover(const struct ts_decode *d, const json_t *obj, const char *pointer,
	struct ts_cover *out) TS_MUST;
/* A line has one tax treatment, so what it is about must have one. */
enum ts_err ts_decode_one_treatment(const struct ts_decode *d, const struct ts_cover *on,
	const char *pointer, bool *prices, bool *fees, size_t *treatment) TS_MUST;
/* Rows of from, to and quantity in priced units of the SKU; `hourly` ones divide into quarters. */
enum ts_err ts_decode_levels(const struct ts_decode *d, const json_t *array, size_t sku,
	bool hourly, const char *pointer, const char *name, const struct ts_level **out,
	size_t *n) TS_MUST;
enum ts_err ts_decode_sku_id(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index) TS_MUST;
/* Index of the price with the id. */
enum ts_err ts_decode_price_id(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index) TS_MUST;
/* [from, to) is not empty, inside the term and, unless before is INT32_MIN, behind it. */
enum ts_err ts_decode_days(const struct ts_decode *d, int32_t before, int32_t from, int32_t to,
	const char *pointer) TS_MUST;

/* A vkey of the given type that enrolment would accept; its name is `expected` unless that is NULL.
 * NULL itself (what-if terms only) is fine. */
enum ts_err ts_decode_vkey(const struct ts_decode *d, const char *vkey, enum ts_key_type type,
	const char *expected, const char *pointer) TS_MUST;

/* The parts. `root` holds the borrowed JSON of members that other files decode. */
struct ts_decode_root {
	const char *format, *contract, *title, *currency, *rounding, *counters_on_amendment;
	int64_t version;
	const json_t *provider, *consumer, *zone, *term, *calendar, *invoice, *evidence, *skus,
		*regions, *purposes, *windows, *counters, *prices, *fees, *minimums, *discounts,
		*commitments, *caps, *slas, *exclusions, *prepayments, *tax, *late, *termination,
		*reconciliation, *dispute, *revenue;
};
enum ts_err ts_decode_parties(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
/* After the parties: a witness shares its key with neither. */
enum ts_err ts_decode_evidence(
	const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_time(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_tax(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_select(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_prices(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_fees(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_commitments(
	const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_slas(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
enum ts_err ts_decode_adjusts(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
/* When a fee is billed: `billed` and `invoices` (each NULL where absent), after its schedule. */
enum ts_err ts_decode_billing(const struct ts_decode *d, const char *billed, const json_t *invoices,
	const char *pointer, struct ts_fee *fee) TS_MUST;
/* After everything that may draw on a prepayment. */
enum ts_err ts_decode_prepayments(
	const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
/* What becomes of the contract: counters under an amendment, the end by a notice. */
enum ts_err ts_decode_change(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
/* Tolerances, deadlines, revenue policy. */
enum ts_err ts_decode_dealing(const struct ts_decode *d, const struct ts_decode_root *root) TS_MUST;
/* at_end (also NULL) or proportionally. */
enum ts_err ts_decode_recognition(const struct ts_decode *d, const char *text, const char *pointer,
	bool *proportional) TS_MUST;
/* Excluded usage that counts toward commitments and minimums: after slas, which watch too. */
enum ts_err ts_decode_counting(const struct ts_decode *d) TS_MUST;
/* What only the whole shows: ambiguous prices, excluded classes with a price, sums that overflow.
 */
enum ts_err ts_terms_check(const struct ts_decode *d) TS_MUST;

#endif
