/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_CELL_H
#define TS_IMPORTERS_FRAME_CELL_H
/* Why: times, durations and numbers of foreign formats, read once and the same way everywhere: no
 * float, no zone guessed, nothing rounded unseen. The ts_cell_ functions judge the row
 * (quarantined, with the field's name and the value) when they return false. */
#include "base/num.h"
#include "importers/frame/source.h"

/* What a time may look like. Years 1970..9999; fractions of 1 to 9 digits, cut to milliseconds. */
#define TS_STAMP_ZONED 1u /* RFC 3339 with Z or an offset; 'T' or a space; " UTC" for Z */
#define TS_STAMP_UTC 2u /* the same without a zone: the source states that it writes UTC */
#define TS_STAMP_DATE 4u /* YYYY-MM-DD alone: its first instant in UTC */
#define TS_STAMP_EPOCH_S 8u /* seconds since 1970, not 0; a fraction is allowed */
#define TS_STAMP_EPOCH_MS 16u
/* TS_E_MALFORMED; TS_E_INVALID: a time without a zone, or in a named zone (PST), where UTC was not
 * stated; TS_E_RANGE: a year outside. */
enum ts_err ts_stamp(struct ts_str text, unsigned accept, int64_t *ms) TS_MUST;

#define TS_DURATION_CLOCK 1u /* [DD-[HH:]]MM:SS[.mmm], as sacct prints */
#define TS_DURATION_ISO 2u /* P1DT2H3M4.5S; no years and months */
#define TS_DURATION_S 4u /* whole seconds */
enum ts_err ts_duration(struct ts_str text, unsigned accept, int64_t *ms) TS_MUST;

/* value * 10^scale as an integer: -?digits[.digits][e[+-]digits]. TS_E_MALFORMED; TS_E_INVALID: not
 * a whole number at that scale; TS_E_OVERFLOW, also for 1e999. */
enum ts_err ts_number(struct ts_str text, int scale, int64_t *out) TS_MUST;
/* The same rounded half away from zero, in 128 bits: for sampled floats, never for signed ones. */
enum ts_err ts_number_rounded(struct ts_str text, int scale, ts_i128 *out) TS_MUST;

/* Reasons: field_missing, time_malformed, zone_missing, time_out_of_range. */
bool ts_cell_stamp(const struct ts_item *item, const struct ts_field *fields, size_t field,
	unsigned accept, int64_t *ms, struct ts_row *row);
/* field_missing, duration_malformed. */
bool ts_cell_duration(const struct ts_item *item, const struct ts_field *fields, size_t field,
	unsigned accept, int64_t *ms, struct ts_row *row);
/* min..max in units of 10^-scale. field_missing, number_malformed, number_out_of_range,
 * number_not_whole. */
bool ts_cell_number(const struct ts_item *item, const struct ts_field *fields, size_t field,
	int scale, int64_t min, int64_t max, int64_t *out, struct ts_row *row);
/* end_before_start, zero_elapsed (not billable). */
bool ts_row_span(int64_t start_ms, int64_t end_ms, struct ts_row *row);

#endif
