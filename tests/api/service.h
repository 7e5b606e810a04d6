/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_SERVICE_H
#define TS_TESTS_API_SERVICE_H
/* Why: the built service as a process of its own on a private cluster, with two companies, a signed
 * contract and agents, all made over its REST interface. What fails here ends the program: a test
 * has nothing to say then. */
#include "evidence/append.h"
#include "evidence/statement.h"
#include "importers/send.h"
#include "service/clock.h"
#include "service/auditor/auditor.h"
#include "support/cluster.h"
#include "support/file.h"
#include <arpa/inet.h>
#include <ftw.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SVC_ANSWER_MAX (4u << 20)
#define SVC_DAY_MS INT64_C(86400000)
#define SVC_FROM_MS INT64_C(1777586400000) /* 2026-05-01, Berlin: the example terms begin */

struct svc {
	struct ts_cluster cluster;
	char dir[80];
	char url[64];
	char admin[128]; /* token of the operator */
	int port;
	pid_t pid;
	struct ts_send *send; /* as the operator */
};
struct svc_contract {
	char id[TS_CONTRACT_ID_CHARS + 1];
	char agent_token[128]; /* of the provider, for this contract */
	struct ts_secret provider, consumer; /* statement keys */
	struct ts_key receipt;
	struct ts_hash statement; /* of the version in force */
};
/* An agent: its stream and how far it is. */
struct svc_agent {
	struct ts_secret key;
	char stream[TS_STREAM_ID_CHARS + 1];
	struct ts_range range;
};

_Noreturn static inline void svc_die(const char *what, const char *detail)
{
	fprintf(stderr, "service under test: %s: %s\n", what, detail);
	exit(1);
}

static inline void svc_ok(enum ts_err err, const struct ts_why *why)
{
	char text[900];
	if (err == TS_OK)
		return;
	snprintf(text, sizeof text, "%s: %s", why->where, why->text);
	svc_die(ts_err_code(err), text);
}

static inline const char *svc_program(void)
{
	static const char path[] = TS_BINARY_DIR "/tallystick";
	if (access(path, X_OK) != 0) {
		printf("skipped: %s is not built\n", path);
		exit(77);
	}
	return path;
}

/* Replaces the process by `tallystick init`, its token going to fd. */
_Noreturn static inline void svc_init_exec(const struct svc *s, int fd)
{
	if (chdir(s->dir) == 0 && dup2(fd, 1) == 1)
		execl(svc_program(), "tallystick", "init", "--config", "t.conf", "--db",
			s->cluster.admin, "--domain", "ledger.example", "--print-token",
			(char *)NULL);
	_exit(127);
}

static struct stat svc_owner; /* of the cluster's folder; nftw hands nothing over */

static inline int svc_give_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)info;
	(void)flag;
	(void)ftw;
	return lchown(path, svc_owner.st_uid, svc_owner.st_gid);
}

/* Makes configuration, keys and schema; the operator's token is s->admin. */
static inline void svc_init(struct svc *s)
{
	int ends[2], status = -1;
	size_t len = 0;
	ssize_t n = 0;
	if (pipe(ends) != 0)
		svc_die("init", "no pipe");
	pid_t pid = fork();
	if (pid == 0)
		svc_init_exec(s, ends[1]);
	close(ends[1]);
	while (len + 1 < sizeof s->admin &&
		(n = read(ends[0], s->admin + len, sizeof s->admin - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		svc_die("init", "failed");
	s->admin[strcspn(s->admin, "\n")] = '\0';
	if (geteuid() == 0 && (stat(s->cluster.dir, &svc_owner) != 0 ||
				      nftw(s->dir, svc_give_one, 8, FTW_PHYS) != 0))
		svc_die("folder", s->dir);
}

static inline void svc_show_log(const struct svc *s)
{
	char path[96];
	snprintf(path, sizeof path, "%s/log", s->dir);
	struct ts_file log = ts_file_read(path);
	fprintf(stderr, "%.*s", (int)log.len, log.bytes);
	ts_file_free(&log);
}

static inline int svc_free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		svc_die("port", "none is free");
	close(fd);
	return ntohs(at.sin_port);
}

/* Replaces the process; as root it gives up its rights for those of the cluster's owner. */
_Noreturn static inline void svc_exec(const struct svc *s, int port, const char *set)
{
	char listen[64];
	struct stat owner;
	const struct passwd *user = NULL;
	FILE *log = NULL;
	snprintf(listen, sizeof listen, "listen=127.0.0.1:%d", port);
	if (geteuid() == 0 && stat(s->cluster.dir, &owner) == 0)
		user = getpwuid(owner.st_uid);
	if (chdir(s->dir) == 0 && (log = fopen("log", "a")) != NULL)
		(void)dup2(fileno(log), 2);
	execl(svc_program(), "tallystick", "serve", "--config", "t.conf", "--set", listen, "--set",
		"admin_listen=127.0.0.1:0", "--set", set, user != NULL ? "--user" : NULL,
		user != NULL ? user->pw_name : NULL, (char *)NULL);
	_exit(127);
}

/* One call; its status. The answer is in *out. */
static inline long svc_call(struct ts_send *send, const char *method, const char *path,
	const char *type, const void *body, size_t len, struct ts_buf *out)
{
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	const struct ts_send_call call = {.method = method,
		.path = path,
		.content_type = type,
		.body = body,
		.body_len = len};
	if (ts_send_call(send, &call, out, &reply, &why) != TS_OK)
		return 0;
	return reply.status;
}

static pid_t svc_running; /* for atexit */

/* A test that fails in the middle leaves no service behind. */
static inline void svc_end(void)
{
	if (svc_running > 0)
		(void)kill(svc_running, SIGKILL);
}

/* Tables that the test wrote itself, past the service; "*": there is nothing to audit. */
static const char *svc_wrote = "";

/* What a test has left in the database must be in order. */
static inline void svc_audit(const struct svc *s)
{
	int64_t found = 0;
	struct ts_auditor_options options = {.conninfo = s->cluster.auditor, .full = true};
	struct ts_auditor_report report;
	struct ts_why why = {"", ""};
	struct ts_region *region = ts_region_create((size_t)1 << 28);
	if (strcmp(svc_wrote, "*") == 0)
		return;
	svc_ok(region == NULL ? TS_E_NO_MEMORY : ts_auditor_run(&options, region, &report, &why),
		&why);
	for (size_t i = 0; i < report.parts_n; i++)
		for (size_t k = 0; k < report.parts[i].findings_n; k++) {
			const struct ts_db_finding *f = &report.parts[i].findings[k];
			if (strstr(svc_wrote, f->table) != NULL)
				continue;
			found++;
			fprintf(stderr, "audit: %s %s (%s): expected %s; actual %s\n", f->table,
				f->key, f->check, f->expected, f->actual);
		}
	if (found > 0)
		svc_die("audit", "there are findings");
	ts_region_free(region);
}

/* Ends the service, which must end well (a sanitizer's finding is a bad end too). */
static inline void svc_stop(struct svc *s)
{
	int status = -1;
	if (s->pid > 0 && kill(s->pid, SIGTERM) == 0)
		(void)waitpid(s->pid, &status, 0);
	s->pid = svc_running = 0;
	ts_send_free(s->send);
	if (status != 0) {
		svc_show_log(s);
		svc_die("stop", "it did not end well");
	}
	svc_audit(s);
	ts_cluster_stop(&s->cluster);
}

/* The cluster, still without a schema. */
static inline void svc_cluster(struct svc *s)
{
	memset(s, 0, sizeof *s);
	ts_cluster_start(&s->cluster, NULL);
	snprintf(
		s->dir, sizeof s->dir, "%.63s/service", s->cluster.dir); /* goes with the cluster */
}

/* Starts the service where it was before; returns when it answers. set: one more KEY=VALUE of the
 * configuration. */
static inline void svc_run(struct svc *s, const char *set)
{
	struct ts_buf out;
	long status = 0;
	s->pid = fork();
	if (s->pid == 0)
		svc_exec(s, s->port, set);
	if (svc_running == 0)
		atexit(svc_end);
	svc_running = s->pid;
	ts_buf_init(&out, SVC_ANSWER_MAX);
	for (int i = 0; i < 500 && status != 200; i++) {
		status = svc_call(s->send, "GET", "/v1/parties", NULL, NULL, 0, &out);
		if (status != 200)
			usleep(20000);
	}
	ts_buf_free(&out);
	if (status != 200) {
		svc_show_log(s);
		svc_die("start", "it does not answer");
	}
}

/* The service on the cluster, for the first time. */
static inline void svc_serve(struct svc *s, const char *set)
{
	struct ts_why why = {"", ""};
	s->port = svc_free_port();
	if (mkdir(s->dir, 0700) != 0)
		svc_die("folder", s->dir);
	svc_init(s);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
	svc_ok(ts_send_create(s->url, s->admin, &s->send, &why), &why);
	svc_run(s, set);
}

static inline void svc_start(struct svc *s, const char *set)
{
	svc_cluster(s);
	svc_serve(s, set);
}

/* Sends JSON (taken) or text, expects a status, returns the JSON answer (NULL: other). */
static inline json_t *svc_expect(struct ts_send *send, const char *method, const char *path,
	json_t *json, struct ts_str text, long expected)
{
	struct ts_buf out;
	char *body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	const char *type = json != NULL      ? "application/json"
			   : text.at != NULL ? "text/plain"
					     : NULL;
	ts_buf_init(&out, SVC_ANSWER_MAX);
	long status = svc_call(send, method, path, type, body != NULL ? body : text.at,
		body != NULL ? strlen(body) : text.len, &out);
	if (status != expected)
		svc_die(path, ts_buf_str(&out));
	json_t *answer = json_loads(ts_buf_str(&out), 0, NULL);
	ts_buf_free(&out);
	free(body);
	json_decref(json);
	return answer;
}

#define SVC_NO_TEXT ((struct ts_str){NULL, 0})

static inline const char *svc_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL)
		svc_die("answer without", name);
	return text;
}

static inline void svc_company(
	struct svc *s, const char *id, uint8_t number, struct ts_secret *secret)
{
	const uint8_t seed[TS_KEY_SEED_BYTES] = {number, 77};
	char name[64], vkey[TS_VKEY_CHARS];
	snprintf(name, sizeof name, "%s.example/statements", id);
	struct ts_why why = {"", ""};
	svc_ok(ts_secret_make(ts_str(name), TS_KEY_ED25519, seed, secret), &why);
	json_decref(svc_expect(s->send, "POST", "/v1/parties",
		json_pack("{s:s,s:s,s:s,s:{s:s}}", "id", id, "name", id, "statement_key",
			ts_key_format(&secret->key, vkey), "address", "country", "US"),
		SVC_NO_TEXT, 201));
}

/* A token of a role; contract NULL: all contracts of the company. */
static inline void svc_token(
	struct svc *s, const char *role, const char *party, const char *contract, char out[128])
{
	json_t *body = json_pack("{s:s,s:s}", "role", role, "party", party);
	if (contract != NULL)
		json_object_set_new(body, "contracts", json_pack("[s]", contract));
	json_t *answer = svc_expect(s->send, "POST", "/v1/tokens", body, SVC_NO_TEXT, 201);
	snprintf(out, 128, "%s", svc_member(answer, "token"));
	json_decref(answer);
}

/* Terms: days after which a document issues over a gap that nobody accepted; negative: never. */
static int64_t svc_incomplete_after_days = -1;

/* Members that the terms have besides, or instead; borrowed. */
static json_t *svc_terms_more;
/* What a test or a bench changes in the example's terms; NULL: nothing. */
static void (*svc_terms_edit)(json_t *terms);

static inline json_t *svc_terms(const struct svc_contract *c, const json_t *keys)
{
	static const char *const names[] = {
		"domain", "operator_key", "receipt_key", "inputs_log", "journal_log"};
	char vkey[TS_VKEY_CHARS], *path = ts_source_path("tests/vectors/terms/example.json");
	json_t *terms = json_load_file(path, 0, NULL);
	if (terms == NULL)
		svc_die("terms", path);
	free(path);
	json_object_set_new(terms, "contract", json_string(c->id));
	json_object_set_new(json_object_get(terms, "provider"), "statement_key",
		json_string(ts_key_format(&c->provider.key, vkey)));
	json_object_set_new(json_object_get(terms, "consumer"), "statement_key",
		json_string(ts_key_format(&c->consumer.key, vkey)));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_set_new(json_object_get(terms, "evidence"), names[i],
			json_string(svc_member(keys, names[i])));
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach(svc_terms_more, name, member) json_object_set(terms, name, member);
	if (svc_incomplete_after_days >= 0)
		json_object_set_new(json_object_get(terms, "evidence"), "incomplete_after_days",
			json_integer(svc_incomplete_after_days));
	if (svc_terms_edit != NULL)
		svc_terms_edit(terms);
	return terms;
}

static inline void svc_sign(
	struct ts_str text, const struct ts_secret *const *keys, size_t n, struct ts_buf *out)
{
	struct ts_why why = {"", ""};
	ts_note_begin(text, out);
	for (size_t i = 0; i < n; i++)
		svc_ok(ts_note_sign(keys[i], text, out), &why);
}

/* Companies orbit and atlas (once), a contract between them, both signatures, an agent token. */
static inline void svc_contract(
	struct svc *s, const struct svc_contract *other, struct svc_contract *c)
{
	char path[128];
	struct ts_why why = {"", ""};
	struct ts_buf note;
	memset(c, 0, sizeof *c);
	if (other == NULL) {
		svc_company(s, "orbit", 1, &c->provider);
		svc_company(s, "atlas", 2, &c->consumer);
	} else {
		c->provider = other->provider;
		c->consumer = other->consumer;
	}
	json_t *keys = svc_expect(s->send, "POST", "/v1/contracts",
		json_pack("{s:s,s:s}", "provider", "orbit", "consumer", "atlas"), SVC_NO_TEXT, 201);
	snprintf(c->id, sizeof c->id, "%s", svc_member(keys, "contract"));
	svc_ok(ts_key_parse(ts_str(svc_member(keys, "receipt_key")), &c->receipt, &why), &why);
	snprintf(path, sizeof path, "/v1/contracts/%s/terms", c->id);
	json_t *offer = svc_expect(s->send, "PUT", path, svc_terms(c, keys), SVC_NO_TEXT, 201);
	struct ts_str text = ts_str(svc_member(offer, "statement"));
	ts_statement_hash(text, &c->statement);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_sign(text, (const struct ts_secret *[]){&c->provider, &c->consumer}, 2, &note);
	snprintf(path, sizeof path, "/v1/contracts/%s/signatures", c->id);
	json_decref(
		svc_expect(s->send, "POST", path, NULL, (struct ts_str){note.data, note.len}, 200));
	ts_buf_free(&note);
	json_decref(offer);
	json_decref(keys);
	svc_token(s, "agent", "orbit", c->id, c->agent_token);
}

/* The key statement of an agent of `cluster`, signed by its company and itself. */
static inline void svc_statement(const struct svc_contract *c, const char *cluster,
	enum ts_side side, struct svc_agent *agent, struct ts_buf *note)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct ts_hash seed;
	snprintf(origin, sizeof origin, "ledger.example/%s/%s/agent/g1", c->id, cluster);
	memset(agent, 0, sizeof *agent);
	ts_sha256(origin, strlen(origin), &seed);
	svc_ok(ts_secret_make(ts_str(origin), TS_KEY_ED25519, seed.b, &agent->key), &why);
	ts_stream_id(ts_str(origin), agent->stream);
	ts_range_init(&agent->range);
	const struct ts_key_statement statement = {.contract = ts_str(c->id),
		.origin = ts_str(origin),
		.key = agent->key.key,
		.side = side,
		.scope = {ts_str(cluster), TS_STR("-"), TS_STR("-")},
		.window_ms = SVC_DAY_MS,
		.active_from_ms = SVC_FROM_MS,
		.active_to_ms = TS_OPEN_MS,
		.from_ms = SVC_FROM_MS};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_key_statement_build(&statement, &text, &why), &why);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){
			side == TS_SIDE_PROVIDER ? &c->provider : &c->consumer, &agent->key},
		2, note);
	ts_buf_free(&text);
}

/* The next generation of an agent, which begins at from_ms. */
static inline void svc_successor(const struct svc_contract *c, const char *cluster,
	const struct svc_agent *before, int64_t from_ms, struct svc_agent *agent,
	struct ts_buf *note)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_why why = {"", ""};
	struct ts_hasher hasher = {NULL, NULL};
	struct ts_buf text;
	struct ts_hash seed;
	snprintf(origin, sizeof origin, "ledger.example/%s/%s/agent/g2", c->id, cluster);
	memset(agent, 0, sizeof *agent);
	ts_sha256(origin, strlen(origin), &seed);
	svc_ok(ts_secret_make(ts_str(origin), TS_KEY_ED25519, seed.b, &agent->key), &why);
	ts_stream_id(ts_str(origin), agent->stream);
	ts_range_init(&agent->range);
	struct ts_key_statement statement = {.contract = ts_str(c->id),
		.origin = ts_str(origin),
		.key = agent->key.key,
		.side = TS_SIDE_PROVIDER,
		.scope = {ts_str(cluster), TS_STR("-"), TS_STR("-")},
		.window_ms = SVC_DAY_MS,
		.active_from_ms = from_ms,
		.active_to_ms = TS_OPEN_MS,
		.from_ms = from_ms,
		.has_previous = true,
		.previous = {.origin = ts_str(before->key.key.name), .size = before->range.size}};
	svc_ok(ts_hasher_init(&hasher), &why);
	ts_range_root(&hasher, &before->range, &statement.previous.root);
	ts_hasher_free(&hasher);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_key_statement_build(&statement, &text, &why), &why);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){&c->provider, &agent->key, &before->key}, 3, note);
	ts_buf_free(&text);
}

static inline void svc_agent(struct svc *s, const struct svc_contract *c, const char *cluster,
	enum ts_side side, struct svc_agent *agent)
{
	struct ts_buf note;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_statement(c, cluster, side, agent, &note);
	json_decref(svc_expect(
		s->send, "POST", "/v1/streams", NULL, (struct ts_str){note.data, note.len}, 201));
	ts_buf_free(&note);
}

/* An append of the lines, each with LF; the agent's range moves on. */
static inline void svc_append_body(
	struct ts_hasher *hasher, struct svc_agent *agent, struct ts_str lines, struct ts_buf *out)
{
	struct ts_why why = {"", ""};
	struct ts_str rest = lines, line;
	struct ts_hash leaf;
	int64_t old = agent->range.size;
	while (ts_str_line(&rest, &line)) {
		ts_hash_leaf(hasher, line.at, line.len, &leaf);
		ts_range_append(hasher, &agent->range, &leaf, NULL);
	}
	svc_ok(ts_append_build(hasher, &agent->key, old, &agent->range, lines, out), &why);
}

static inline void svc_genesis(
	const struct svc_contract *c, const struct svc_agent *agent, struct ts_buf *out)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(c->statement.b, TS_HASH_BYTES, hex);
	ts_buf_printf(out, "g1\t%s\t%s\t%lld\n", agent->key.key.name, hex, (long long)SVC_FROM_MS);
}

/* The first value of a query, as the database's superuser. */
static inline int64_t svc_number(const struct svc *s, const char *sql)
{
	PGconn *conn = PQconnectdb(s->cluster.admin);
	PGresult *res = PQexec(conn, sql);
	if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) < 1)
		svc_die(sql, PQerrorMessage(conn));
	int64_t value = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	PQfinish(conn);
	return value;
}

#endif
