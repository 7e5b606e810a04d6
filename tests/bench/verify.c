/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a bundle is verified, and in how much memory. A bundle of N records with eight charge
 * lines is made with real keys and signatures, then verified whole: archive, signatures, roots,
 * records, ledger, document. The yardstick of the same run is what hashing costs alone: the same
 * lines as leaves, and one node per line, with the same reused digest context. Memory is the peak
 * of a child process that verifies N records, and of one that verifies a quarter of them. Beside it
 * stands what `openssl speed` says of blocks as long as a leaf and a node. */
#include "audit/replay.h"
#include "support/audit/make.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RECORDS_DEFAULT 200000
#define RECORDS_FULL 5000000
#define UPLOAD_LINES 10000

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const int *fd = ctx;
	return pread(*fd, out, len, (off_t)offset) == (ssize_t)len ? TS_OK : TS_E_IO;
}

struct result {
	double verify_s, hash_s;
	int64_t lines, records, bytes, peak_kib;
};

/* Every line as a leaf, and as many nodes: what a root over them costs at least. */
static double hash_alone(int fd, int64_t size)
{
	static char chunk[1 << 20];
	struct ts_hasher hasher = {0};
	struct ts_hash hash = {{0}};
	TS_ASSERT(ts_hasher_init(&hasher) == TS_OK);
	double from = seconds();
	size_t have = 0;
	for (int64_t at = 0; at < size;) {
		ssize_t n = pread(fd, chunk + have, sizeof chunk - have, (off_t)at);
		TS_ASSERT(n > 0);
		at += n;
		have += (size_t)n;
		struct ts_str rest = {chunk, have}, line;
		while (ts_str_line(&rest, &line)) {
			ts_hash_leaf(&hasher, line.at, line.len, &hash);
			ts_hash_node(&hasher, &hash, &hash, &hash);
		}
		memmove(chunk, rest.at, rest.len);
		have = rest.len == sizeof chunk ? 0 : rest.len;
	}
	double used = seconds() - from;
	ts_hasher_free(&hasher);
	return used;
}

/* In the child: verifies, and tells how long it took. */
static void measure(int fd, struct ts_str policy_text, struct result *out)
{
	struct ts_policy *policy = calloc(1, sizeof *policy);
	struct ts_audit_report *report = calloc(1, sizeof *report);
	struct ts_region *region = ts_region_create((size_t)8 << 30);
	struct stat status;
	struct ts_why why = {"", ""};
	TS_ASSERT(policy != NULL && report != NULL && region != NULL && fstat(fd, &status) == 0);
	TS_ASSERT(ts_policy_parse(policy_text, policy, &why) == TS_OK);
	const struct ts_audit_source source = {read_at, &fd, (int64_t)status.st_size};
	const struct ts_audit_options options = {
		.source = &source, .policy = policy, .max_age_s = -1, .seed = 1};
	double from = seconds();
	TS_ASSERT(ts_audit_run(&options, region, report, &why) == TS_OK);
	out->verify_s = seconds() - from;
	for (int c = 0; c < TS_CHECK_N; c++)
		if (report->findings.by_check[c].failures > 0)
			fprintf(stderr, "%s: %s %s\n", ts_check_name((enum ts_check)c),
				report->findings.by_check[c].expected,
				report->findings.by_check[c].actual);
	TS_ASSERT(report->findings.failed == 0);
	out->lines = report->totals.lines;
	out->records = report->totals.usage;
	out->bytes = status.st_size;
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	out->peak_kib = usage.ru_maxrss;
	out->hash_s = hash_alone(fd, (int64_t)status.st_size);
	ts_region_free(region);
	free(report);
	free(policy);
}

static void run(int64_t records, struct result *out)
{
	FILE *file = tmpfile();
	struct ts_buf policy;
	int pipes[2];
	TS_ASSERT(file != NULL && pipe(pipes) == 0);
	pid_t maker = fork(); /* so that what it takes to make is not counted as the verifier's */
	TS_ASSERT(maker >= 0);
	if (maker == 0) {
		const struct ts_make make = {
			.records = records, .streams = 4, .upload_lines = UPLOAD_LINES};
		ts_buf_init(&policy, TS_POLICY_BYTES_MAX);
		ts_make_bundle(&make, file, &policy);
		TS_ASSERT(write(pipes[1], policy.data, policy.len) == (ssize_t)policy.len);
		_exit(0);
	}
	int code = 0;
	char text[4096];
	TS_ASSERT(waitpid(maker, &code, 0) == maker && code == 0);
	ssize_t n = read(pipes[0], text, sizeof text);
	TS_ASSERT(n > 0);
	pid_t child = fork();
	TS_ASSERT(child >= 0);
	if (child == 0) {
		measure(fileno(file), (struct ts_str){text, (size_t)n}, out);
		TS_ASSERT(write(pipes[1], out, sizeof *out) == (ssize_t)sizeof *out);
		_exit(0);
	}
	TS_ASSERT(waitpid(child, &code, 0) == child && code == 0);
	TS_ASSERT(read(pipes[0], out, sizeof *out) == (ssize_t)sizeof *out);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	(void)fclose(file);
}

/* Bytes a second by `openssl speed`, which hashes one buffer again and again; 0: it can't be run.
 */
static double openssl_speed(int bytes)
{
	char text[16], line[128];
	int64_t rate = 0;
	int ends[2];
	(void)snprintf(text, sizeof text, "%d", bytes);
	TS_ASSERT(pipe(ends) == 0);
	pid_t child = fork();
	TS_ASSERT(child >= 0);
	if (child == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		if (dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0)
			(void)execlp("openssl", "openssl", "speed", "-mr", "-seconds", "1",
				"-bytes", text, "-evp", "sha256", (char *)NULL);
		_exit(1);
	}
	(void)close(ends[1]);
	FILE *said = fdopen(ends[0], "r");
	TS_ASSERT(said != NULL);
	while (fgets(line, sizeof line, said) != NULL) {
		char *last = strrchr(line, ':'), *dot = strrchr(line, '.');
		if (strncmp(line, "+F:", 3) == 0 && last != NULL && dot > last &&
			ts_text_u63((struct ts_str){last + 1, (size_t)(dot - last - 1)}, &rate) !=
				TS_OK)
			rate = 0;
	}
	(void)fclose(said);
	(void)waitpid(child, NULL, 0);
	return (double)rate;
}

/* What it would take for the leaves and nodes of the bundle's lines. */
static void print_openssl(const struct result *large)
{
	int leaf = (int)(large->bytes / large->lines), node = 1 + 2 * TS_HASH_BYTES;
	double leaves = openssl_speed(leaf), nodes = openssl_speed(node);
	if (leaves <= 0 || nodes <= 0) {
		printf("openssl speed: it can't be run\n");
		return;
	}
	double alone = (double)large->lines * (leaf / leaves + node / nodes);
	printf("openssl speed sha256: %.0f MB/s in blocks of %d bytes (a leaf), %.0f MB/s of %d (a "
	       "node); as many of both take %.3f s, verifying %.2f times that\n",
		leaves / 1e6, leaf, nodes / 1e6, node, alone, large->verify_s / alone);
}

static void print(bool json, const struct result *large, const struct result *small)
{
	double rate = (double)large->records / large->verify_s;
	double ratio = large->verify_s / large->hash_s;
	if (json)
		printf("{\"records\":%lld,\"lines\":%lld,\"bundle_bytes\":%lld,\"verify_s\":%.3f,"
		       "\"records_per_s\":%.0f,\"hash_s\":%.3f,\"times_of_hashing\":%.2f,"
		       "\"peak_kib\":%lld,\"peak_kib_of_a_quarter\":%lld}\n",
			(long long)large->records, (long long)large->lines, (long long)large->bytes,
			large->verify_s, rate, large->hash_s, ratio, (long long)large->peak_kib,
			(long long)small->peak_kib);
	else
		printf("%lld records, %lld lines, bundle of %lld bytes\nverified in %.3f s of CPU: "
		       "%.0f "
		       "records/s on one core\nhashing alone %.3f s: verifying takes %.2f times "
		       "that\n"
		       "peak memory %lld KiB, for a quarter of the records %lld KiB\n",
			(long long)large->records, (long long)large->lines, (long long)large->bytes,
			large->verify_s, rate, large->hash_s, ratio, (long long)large->peak_kib,
			(long long)small->peak_kib);
}

int main(int argc, char **argv)
{
	int64_t records = RECORDS_DEFAULT;
	bool json = false;
	struct result small, large;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			records = RECORDS_FULL;
		else if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--records") != 0 || ++i == argc ||
			 ts_text_u63(ts_str(argv[i]), &records) != TS_OK || records < 1000) {
			fprintf(stderr, "verify [--records N | --full] [--json]\n");
			return 2;
		}
	}
	run(records / 4, &small);
	run(records, &large);
	print(json, &large, &small);
	if (!json)
		print_openssl(&large);
	return 0;
}
