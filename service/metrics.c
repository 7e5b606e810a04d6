/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const struct {
	const char *name;
	enum kind kind;
	const char *help;
} metric_table[TS_METRIC_COUNT] = {
#define X(name, wire, kind, help) {wire, kind, help},
#include "service/metrics.def"
#undef X
};

static const struct {
	int64_t us;
	const char *label;
} bucket_table[] = {{500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"}, {5000, "0.005"},
	{10000, "0.01"}, {25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"},
	{500000, "0.5"}, {1000000, "1"}, {2500000, "2.5"}, {5000000, "5"}, {10000000, "10"},
	{30000000, "30"}};
#define BUCKETS (sizeof(bucket_table) / sizeof(bucket_table[0]))

struct series {
	struct series *next; /* in the same hash slot */
	struct series *next_made; /* of the same metric, in order of first use */
	enum ts_metric metric;
	char labels[TS_METRICS_LABELS_MAX];
	int64_t value; /* counter, gauge, or the histogram's count */
	int64_t sum_us;
	int64_t bucket[BUCKETS];
};

#define SLOTS 1024
struct ts_metrics {
	pthread_mutex_t lock;
	struct series *slot[SLOTS];
	struct series *first[TS_METRIC_COUNT];
	struct series *last[TS_METRIC_COUNT];
	size_t series_n;
	int64_t dropped;
};

struct ts_metrics *ts_metrics_create(void)
{
	struct ts_metrics *metrics = calloc(1, sizeof(*metrics));
	if (metrics != NULL)
		TS_ASSERT(pthread_mutex_init(&metrics->lock, NULL) == 0);
	return metrics;
}

void ts_metrics_free(struct ts_metrics *metrics)
{
	if (metrics == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (metrics->slot[i] != NULL) {
			struct series *next = metrics->slot[i]->next;
			free(metrics->slot[i]);
			metrics->slot[i] = next;
		}
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

static size_t series_slot(enum ts_metric metric, const char *labels)
{
	uint32_t hash = 2166136261u ^ (uint32_t)metric; /* FNV-1a */
	for (; *labels != '\0'; labels++)
		hash = (hash ^ (unsigned char)*labels) * 16777619u;
	return hash % SLOTS;
}

/* The series, made on first use; NULL over the limit, too long, or without memory. */
static struct series *series_find(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, bool make)
{
	size_t slot = series_slot(metric, labels);
	for (struct series *s = metrics->slot[slot]; s != NULL; s = s->next)
		if (s->metric == metric && strcmp(s->labels, labels) == 0)
			return s;
	if (!make)
		return NULL;
	struct series *s = NULL;
	if (metrics->series_n < TS_METRICS_SERIES_MAX && strlen(labels) < TS_METRICS_LABELS_MAX)
		s = calloc(1, sizeof(*s));
	if (s == NULL) {
		metrics->dropped++;
		return NULL;
	}
	s->metric = metric;
	memcpy(s->labels, labels, strlen(labels) + 1);
	s->next = metrics->slot[slot];
	metrics->slot[slot] = s;
	if (metrics->last[metric] != NULL)
		metrics->last[metric]->next_made = s;
	else
		metrics->first[metric] = s;
	metrics->last[metric] = s;
	metrics->series_n++;
	return s;
}

void ts_metrics_add(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t delta)
{
	if (metrics == NULL)
		return;
	TS_ASSERT(metric_table[metric].kind != HISTOGRAM);
	pthread_mutex_lock(&metrics->lock);
	struct series *s = series_find(metrics, metric, labels, true);
	if (s != NULL && __builtin_add_overflow(s->value, delta, &s->value))
		s->value = INT64_MAX;
	pthread_mutex_unlock(&metrics->lock);
}

void ts_metrics_set(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t value)
{
	if (metrics == NULL)
		return;
	TS_ASSERT(metric_table[metric].kind == GAUGE);
	pthread_mutex_lock(&metrics->lock);
	struct series *s = series_find(metrics, metric, labels, true);
	if (s != NULL)
		s->value = value;
	pthread_mutex_unlock(&metrics->lock);
}

void ts_metrics_observe_us(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t us)
{
	if (metrics == NULL)
		return;
	TS_ASSERT(metric_table[metric].kind == HISTOGRAM);
	pthread_mutex_lock(&metrics->lock);
	struct series *s = series_find(metrics, metric, labels, true);
	if (s != NULL) {
		s->value++;
		if (__builtin_add_overflow(s->sum_us, us, &s->sum_us))
			s->sum_us = INT64_MAX;
		for (size_t i = 0; i < BUCKETS; i++)
			if (us <= bucket_table[i].us)
				s->bucket[i]++;
	}
	pthread_mutex_unlock(&metrics->lock);
}

int64_t ts_metrics_read(struct ts_metrics *metrics, enum ts_metric metric, const char *labels)
{
	if (metrics == NULL)
		return 0;
	pthread_mutex_lock(&metrics->lock);
	const struct series *s = series_find(metrics, metric, labels, false);
	int64_t value = s != NULL ? s->value : 0;
	pthread_mutex_unlock(&metrics->lock);
	return value;
}

static void render_histogram(const struct series *s, const char *name, struct ts_buf *out)
{
	const char *comma = s->labels[0] != '\0' ? "," : "";
	for (size_t i = 0; i < BUCKETS; i++)
		ts_buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %lld\n", name, s->labels, comma,
			bucket_table[i].label, (long long)s->bucket[i]);
	ts_buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", name, s->labels, comma,
		(long long)s->value);
	ts_buf_printf(out, "%s_sum{%s} %lld.%06lld\n", name, s->labels,
		(long long)(s->sum_us / 1000000), (long long)(s->sum_us % 1000000));
	ts_buf_printf(out, "%s_count{%s} %lld\n", name, s->labels, (long long)s->value);
}

void ts_metrics_render(struct ts_metrics *metrics, struct ts_buf *out)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	if (metrics == NULL)
		return;
	pthread_mutex_lock(&metrics->lock);
	for (size_t m = 0; m < TS_METRIC_COUNT; m++) {
		const char *name = metric_table[m].name;
		ts_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, metric_table[m].help, name,
			kinds[metric_table[m].kind]);
		for (const struct series *s = metrics->first[m]; s != NULL; s = s->next_made) {
			if (metric_table[m].kind == HISTOGRAM)
				render_histogram(s, name, out);
			else if (s->labels[0] == '\0')
				ts_buf_printf(out, "%s %lld\n", name, (long long)s->value);
			else
				ts_buf_printf(
					out, "%s{%s} %lld\n", name, s->labels, (long long)s->value);
		}
	}
	ts_buf_printf(out,
		"# TYPE tallystick_metrics_dropped_total counter\n"
		"tallystick_metrics_dropped_total %lld\n",
		(long long)metrics->dropped);
	pthread_mutex_unlock(&metrics->lock);
}
