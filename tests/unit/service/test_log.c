/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines and metrics: each line is one JSON object whatever its values hold, and bounded. */
#include "service/log.h"

#include "support/test.h"
#include "base/json.h"
#include "service/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "log-test.log"

static size_t read_log(char *out, size_t size)
{
	FILE *file = fopen(PATH, "r");
	assert_non_null(file);
	size_t n = fread(out, 1, size - 1, file);
	(void)fclose(file);
	out[n] = '\0';
	return n;
}

static void test_lines(void **state)
{
	static char text[32768];
	static char big[9000];
	struct ts_log *log = NULL;
	(void)state;
	(void)unlink(PATH);
	memset(big, '"', sizeof(big) - 1);
	assert_ok(ts_log_open(PATH, "info", &log, NULL));
	TS_LOG(log, TS_LOG_DEBUG, "hidden", TS_LOG_NUM("n", 1));
	TS_LOG(log, TS_LOG_INFO, "first", TS_LOG_TEXT("a", "x\n\"\\\x01\x7f\xff"),
		TS_LOG_NUM("n", -5), TS_LOG_TEXT("empty", ""));
	TS_LOG(log, TS_LOG_WARN, "big", TS_LOG_TEXT("a", big), TS_LOG_TEXT("b", big),
		TS_LOG_TEXT("c", big), TS_LOG_NUM("last", 9));
	ts_log_err(log, TS_LOG_ERROR, "failed", TS_E_CONFLICT, NULL);
	ts_log_close(log);
	size_t len = read_log(text, sizeof(text));
	struct ts_str rest = {text, len};
	struct ts_str line;
	int n = 0;
	while (ts_str_line(&rest, &line)) {
		json_t *json = NULL;
		assert_true(line.len < TS_LOG_LINE_BYTES_MAX);
		assert_ok(ts_json_parse(line.at, line.len, &json, NULL));
		if (n == 0) {
			assert_int_equal(json_integer_value(json_object_get(json, "n")), -5);
			assert_null(json_object_get(json, "empty"));
		}
		if (n == 1) /* what did not fit is left out, what fits is kept */
			assert_int_equal(json_integer_value(json_object_get(json, "last")), 9);
		json_decref(json);
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(rest.len, 0);
	assert_err(ts_log_open("-", "loud", &log, NULL), TS_E_MALFORMED);
	assert_err(ts_log_open("no/such/folder/x", "info", &log, NULL), TS_E_IO);
	(void)unlink(PATH);
}

static void test_metrics(void **state)
{
	struct ts_metrics *metrics = ts_metrics_create();
	struct ts_buf out;
	(void)state;
	ts_metrics_add(metrics, TS_METRIC_HTTP_REQUESTS, "route=\"/x\",code=\"200\"", 2);
	ts_metrics_add(metrics, TS_METRIC_HTTP_REQUESTS, "route=\"/x\",code=\"200\"", 3);
	ts_metrics_set(metrics, TS_METRIC_CONNECTIONS, "", 4);
	ts_metrics_observe_us(metrics, TS_METRIC_HTTP_DURATION, "route=\"/x\"", 700);
	ts_metrics_observe_us(metrics, TS_METRIC_HTTP_DURATION, "route=\"/x\"", 1500000);
	ts_buf_init(&out, 1 << 20);
	ts_metrics_render(metrics, &out);
	static const char *const lines[] = {
		"# TYPE tallystick_http_requests_total counter\n",
		"tallystick_http_requests_total{route=\"/x\",code=\"200\"} 5\n",
		"tallystick_connections 4\n",
		"tallystick_http_duration_seconds_bucket{route=\"/x\",le=\"0.0005\"} 0\n",
		"tallystick_http_duration_seconds_bucket{route=\"/x\",le=\"0.001\"} 1\n",
		"tallystick_http_duration_seconds_bucket{route=\"/x\",le=\"2.5\"} 2\n",
		"tallystick_http_duration_seconds_bucket{route=\"/x\",le=\"+Inf\"} 2\n",
		"tallystick_http_duration_seconds_sum{route=\"/x\"} 1.500700\n",
		"tallystick_http_duration_seconds_count{route=\"/x\"} 2\n",
		"tallystick_metrics_dropped_total 0\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(ts_buf_str(&out), lines[i]) == NULL)
			fail_msg("no line %s in:\n%s", lines[i], ts_buf_str(&out));
	/* series are bounded */
	for (int i = 0; i < TS_METRICS_SERIES_MAX + 10; i++) {
		char label[32];
		(void)snprintf(label, sizeof(label), "n=\"%d\"", i);
		ts_metrics_add(metrics, TS_METRIC_HTTP_REFUSED, label, 1);
	}
	ts_buf_reset(&out);
	ts_metrics_render(metrics, &out);
	assert_non_null(strstr(ts_buf_str(&out), "tallystick_metrics_dropped_total 13\n"));
	ts_buf_free(&out);
	ts_metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_metrics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
