/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source.h"
#include "base/buf.h"
#include "base/num.h"
#include "importers/alibaba.h"
#include "importers/records.h"
#include "importers/slurm.h"
#include "importers/token.h"
#include <stdio.h>
#include <string.h>

static const struct ts_source none = {0};
const struct ts_source *const ts_sources[] = {
	&ts_slurm_source, &ts_alibaba_source, &ts_records_source, &none};

const char *ts_row_verdict_name(enum ts_row_verdict verdict)
{
	static const char *const names[TS_ROW_VERDICTS] = {
		[TS_ROW_ACCEPTED] = "accepted",
		[TS_ROW_NOT_BILLABLE] = "not_billable",
		[TS_ROW_DUPLICATE] = "duplicate",
		[TS_ROW_SUPERSEDED] = "superseded",
		[TS_ROW_PENDING] = "pending",
		[TS_ROW_QUARANTINED] = "quarantined",
	};
	TS_ASSERT((size_t)verdict < TS_ROW_VERDICTS);
	return names[verdict];
}

const struct ts_source *ts_source_find(const char *name)
{
	for (size_t i = 0; ts_sources[i]->name; i++)
		if (strcmp(ts_sources[i]->name, name) == 0)
			return ts_sources[i];
	return NULL;
}

void ts_row_judge(
	struct ts_row *row, enum ts_row_verdict verdict, const char *reason, const char *fmt, ...)
{
	row->verdict = verdict;
	row->reason = reason;
	if (verdict != TS_ROW_ACCEPTED)
		row->n = 0;
	va_list args;
	va_start(args, fmt);
	if (vsnprintf(row->detail, sizeof(row->detail), fmt, args) < 0)
		row->detail[0] = '\0';
	va_end(args);
	/* Details quote foreign bytes and end up on terminals and in line-oriented reports. */
	for (char *c = row->detail; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

struct ts_str ts_row_token(struct ts_row *row, struct ts_str value)
{
	char token[TS_TOKEN_BYTES_MAX + 1];
	size_t len = ts_token(value, token);
	if (row->text_len + len > sizeof(row->text)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "row_too_long", "the row has too many names");
		return TS_STR("-");
	}
	char *at = row->text + row->text_len;
	memcpy(at, token, len);
	row->text_len += len;
	return (struct ts_str){at, len};
}

void ts_row_set_key(struct ts_row *row, const struct ts_str *parts, size_t n)
{
	struct ts_hash hashes[TS_ROW_KEY_PARTS_MAX];
	struct ts_hash all;
	TS_ASSERT(n <= TS_ROW_KEY_PARTS_MAX);
	for (size_t i = 0; i < n; i++)
		ts_sha256(parts[i].at, parts[i].len, &hashes[i]);
	ts_sha256(hashes, n * sizeof(hashes[0]), &all);
	memcpy(row->key, all.b, sizeof(row->key));
}

void ts_row_content(const struct ts_row *row, uint8_t out[TS_ROW_KEY_BYTES])
{
	struct ts_hash hashes[TS_ROW_USES_MAX];
	struct ts_hash all;
	for (size_t i = 0; i < row->n; i++) {
		const struct ts_usage *use = &row->uses[i];
		const struct ts_str texts[] = {
			use->sku, use->class, use->workload, use->resource, use->account};
		char line[TS_RECORD_BYTES_MAX];
		int n = snprintf(line, sizeof(line), "%lld\t%lld\t%lld\t%lld",
			(long long)use->start_ms, (long long)use->end_ms,
			(long long)use->devices_milli, (long long)use->quantity);
		TS_ASSERT(n > 0);
		size_t len = (size_t)n;
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			TS_ASSERT(len + 1 + texts[j].len <= sizeof(line));
			line[len++] = '\t';
			memcpy(line + len, texts[j].at, texts[j].len);
			len += texts[j].len;
		}
		ts_sha256(line, len, &hashes[i]);
	}
	ts_sha256(hashes, row->n * sizeof(hashes[0]), &all);
	memcpy(out, all.b, TS_ROW_KEY_BYTES);
}

void ts_row_add(
	struct ts_row *row, const struct ts_usage *like, int64_t devices_milli, int64_t billed_ms)
{
	if (row->n == TS_ROW_USES_MAX) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "too_many_types",
			"more than %d device types in one allocation", TS_ROW_USES_MAX);
		return;
	}
	struct ts_usage *use = &row->uses[row->n];
	*use = *like;
	use->devices_milli = devices_milli;
	if (ts_mul64(devices_milli, billed_ms, &use->quantity) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "quantity_overflow",
			"%lld thousandths of a device over %lld ms", (long long)devices_milli,
			(long long)billed_ms);
		return;
	}
	row->n++;
}
