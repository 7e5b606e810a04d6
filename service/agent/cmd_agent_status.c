/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/time.h"
#include "service/agent/agent_report.h"
#include "service/agent/agent_settings.h"
#include "service/clock.h"
#include "service/command/command.h"
#include "service/textfile.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define REGION_BYTES_MAX (1u << 20)
#define STATUS_BYTES_MAX 65536
#define LATE_S 900 /* of a pass that takes long, over collect_s */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_agent_status = {
	.program = "tallystick-agent",
	.name = "status",
	.summary = "what the agent of a configuration does, and what is wrong",
	.usage = "tallystick-agent status CONFIG [--json]\n"
		 "\n"
		 "As of the end of its last step. Exit code 1: an alarm holds, or it does not run\n"
		 "(docs/agent.md says what to do about each).\n"
		 "\n"
		 "  tallystick-agent status /etc/tallystick/slurm.conf\n",
	.run = run,
};

/* The lock of the stream is held by whoever works on it. */
static bool is_running(const char *stream)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/lock", stream);
	int fd = n > 0 && (size_t)n < sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
	(void)close(fd);
	return held;
}

static enum ts_err read_status(const char *stream, json_t **out, struct ts_why *why)
{
	char path[4096];
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, STATUS_BYTES_MAX);
	int n = snprintf(path, sizeof(path), "%s/" TS_AGENT_STATUS_FILE, stream);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ts_why(why, TS_E_LIMIT, "stream", "the path is too long");
	enum ts_err err = ts_textfile_read(path, &text, why);
	if (err == TS_E_NOT_FOUND)
		return ts_why(why, err, path, "no agent has run on this stream yet");
	TS_TRY(err);
	return ts_json_parse(text.data, text.len, out, why);
}

static int64_t number(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

static void print_value(const char *name, int64_t value)
{
	char time[TS_TIME_CHARS];
	size_t len = strlen(name);
	if (len > 2 && strcmp(name + len - 2, "_s") == 0)
		printf("  %-18.*s %s\n", (int)(len - 2), name,
			value ? ts_time_format(value * TS_US_PER_S, time) : "-");
	else
		printf("  %-18s %lld\n", name, (long long)value);
}

static void print_alarms(const json_t *status)
{
	size_t i;
	const json_t *alarm;
	json_array_foreach(json_object_get(status, "alarms"), i, alarm)
	{
		const char *name = json_string_value(alarm);
		const char *help = "";
		for (unsigned k = 0; name && k < TS_AGENT_ALARMS; k++)
			if (strcmp(ts_agent_alarm_name(k), name) == 0)
				help = ts_agent_alarm_help(k);
		printf("ALARM %s: %s\n", name ? name : "?", help);
	}
}

/* Adds what a file can't know: whether somebody runs and writes it. */
static bool finish(json_t *status, bool running)
{
	int64_t age_s = ts_clock_now_us() / TS_US_PER_S - number(status, "written_s");
	bool stale = running && age_s > number(status, "collect_s") + LATE_S;
	json_object_set_new(status, "running", json_boolean(running));
	json_object_set_new(status, "stale", json_boolean(stale));
	return running && !stale && json_array_size(json_object_get(status, "alarms")) == 0;
}

static void print(const json_t *status, bool running)
{
	const char *name;
	json_t *value;
	const char *error = json_string_value(json_object_get(status, "error"));
	printf("%s\n  %-18s %s\n", json_string_value(json_object_get(status, "origin")), "agent",
		running ? "runs" : "does not run");
	print_value("as_of_s", number(status, "written_s"));
	json_object_foreach(json_object_get(status, "counts"), name, value)
		print_value(name, (int64_t)json_integer_value(value));
	if (error && error[0])
		printf("  %-18s %s\n", "last error", error);
	print_alarms(status);
	if (json_is_true(json_object_get(status, "stale")))
		printf("ALARM stale: it runs, and has said nothing for too long\n");
}

static int run(int argc, char **argv)
{
	bool as_json = false;
	struct ts_opt_list args = {0};
	struct ts_opt_list sets = {0};
	const struct ts_opt opts[] = {
		{"json", TS_OPT_FLAG, false, &as_json, NULL, "print JSON"},
		{"set", TS_OPT_LIST, false, &sets, "KEY=VALUE", "over the file"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_agent_status, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 1,
		    1, &args, &code))
		return code;
	struct ts_why why = {0};
	json_t *status __attribute__((cleanup(ts_json_cleanup))) = NULL;
	static struct ts_agent_plan plan; /* 24 KB */
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	enum ts_err err = region ? ts_agent_settings_read(
					   args.items[0], sets.items, sets.n, region, &plan, &why)
				 : TS_E_NO_MEMORY;
	if (err == TS_OK)
		err = read_status(plan.settings.stream, &status, &why);
	if (err == TS_OK) {
		bool running = is_running(plan.settings.stream);
		code = finish(status, running) ? TS_EXIT_OK : TS_EXIT_FAILED;
		if (as_json) {
			json_dumpf(status, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
			printf("\n");
		} else {
			print(status, running);
		}
	} else {
		code = ts_command_fail(&ts_cmd_agent_status, err, &why);
	}
	ts_region_free(region);
	return code;
}
