/* SPDX-License-Identifier: Apache-2.0 */
#include "service/witness/witnesser.h"
#include "service/publish/checkpoints.h"
#include "service/clock.h"
#include "service/witness/witness_round.h"
#include "terms/terms.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONTRACTS_PER_READ 100
#define DISCOVER_US (10 * INT64_C(1000000)) /* a contract that nobody told us about */
#define REGION_BYTES_MAX (32u << 20)

/* --- what others ask --- */

static struct ts_subject *find_subject(const struct ts_link *link, int64_t contract_id)
{
	for (struct ts_subject *s = link->subjects; s != NULL; s = s->next)
		if (s->contract.contract_id == contract_id)
			return s;
	return NULL;
}

static struct ts_link *find_link(struct ts_witnesser *w, const char *name)
{
	for (size_t i = 0; w != NULL && i < w->n; i++)
		if (strcmp(w->links[i].name, name) == 0)
			return &w->links[i];
	return NULL;
}

static struct ts_target *find_target(const struct ts_witnesser *w, int64_t contract_id)
{
	struct ts_target *t = w->targets;
	while (t != NULL && t->contract_id != contract_id)
		t = t->next;
	return t;
}

/* Under the lock. */
static void wake_all(struct ts_witnesser *w, int64_t contract_id)
{
	for (size_t i = 0; i < w->n; i++) {
		struct ts_subject *s = find_subject(&w->links[i], contract_id);
		if (s != NULL)
			s->poked = true;
		else
			w->links[i].discover = true;
	}
	pthread_cond_broadcast(&w->wake);
}

void ts_witnesser_poke(struct ts_witnesser *w, int64_t contract_id)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	struct ts_target *target = find_target(w, contract_id);
	if (target != NULL)
		target->poked = true;
	wake_all(w, contract_id);
	pthread_mutex_unlock(&w->lock);
}

void ts_witnesser_status(struct ts_witnesser *w, int64_t contract_id, const char *name,
	struct ts_witness_status *out)
{
	*out = (struct ts_witness_status){.configured = false};
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	const struct ts_link *link = find_link(w, name);
	const struct ts_subject *s = link != NULL ? find_subject(link, contract_id) : NULL;
	if (s != NULL)
		*out = s->status;
	out->configured = link != NULL;
	pthread_mutex_unlock(&w->lock);
}

enum ts_err ts_witnesser_admits(struct ts_witnesser *w, int64_t contract_id,
	const struct ts_quorum *quorum, struct ts_why *why)
{
	size_t clear = 0;
	for (size_t i = 0; i < quorum->n; i++) {
		struct ts_witness_status status;
		ts_witnesser_status(w, contract_id, quorum->keys[i].name, &status);
		if (status.held)
			return ts_why(why, TS_E_CONFLICT, quorum->keys[i].name, "%s", status.error);
		if (status.configured && !status.tried)
			return ts_why(why, TS_E_CONFLICT, quorum->keys[i].name,
				"it was not asked yet since the start");
		clear += status.clear;
	}
	/* Whatever a quorum of k ever cosigned, one of any n - k + 1 witnesses knows. */
	if (quorum->n > 0 && clear < quorum->n - quorum->k + 1)
		return ts_why(why, TS_E_CONFLICT, "witnesses",
			"%zu of %zu have answered since the start, %zu must, before anything is "
			"signed",
			clear, quorum->n, quorum->n - quorum->k + 1);
	return TS_OK;
}

enum ts_err ts_witnesser_ready(struct ts_witnesser *w, struct ts_why *why)
{
	enum ts_err err = TS_OK;
	if (w == NULL)
		return TS_OK;
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n && err == TS_OK; i++)
		for (struct ts_subject *s = w->links[i].subjects; s != NULL && err == TS_OK;
			s = s->next)
			if (s->status.held)
				err = ts_why(why, TS_E_CONFLICT, w->links[i].name, "%s: %s",
					w->links[i].name, s->status.error);
	pthread_mutex_unlock(&w->lock);
	return err;
}

/* --- which contracts --- */

struct discovery {
	struct ts_region *region;
	struct ts_subject *subject;
	int64_t version;
	struct ts_str terms;
};

static enum ts_err version_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct discovery *d = arg;
	return ts_db_version_newest(db, d->subject->contract.contract_id, d->subject->version,
		d->region, &d->version, &d->terms, why);
}

/* New terms may name other witnesses, or this one no more. */
static enum ts_err take_terms(const struct ts_link *link, struct discovery *d, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	struct ts_subject *s = d->subject;
	TS_TRY(ts_terms_parse(d->terms.at, d->terms.len, d->region, &terms, why));
	TS_TRY(ts_key_parse(ts_str(terms->keys.inputs_log), &s->logs[0], why));
	TS_TRY(ts_key_parse(ts_str(terms->keys.journal_log), &s->logs[1], why));
	s->quorum = terms->keys.quorum_of;
	s->version = d->version;
	s->named = false;
	for (size_t i = 0; i < s->quorum.n; i++)
		if (strcmp(s->quorum.keys[i].name, link->name) == 0) {
			s->key = s->quorum.keys[i];
			s->named = true;
		}
	return TS_OK;
}

static enum ts_err add_subject(
	struct ts_link *link, const struct ts_db_contract *contract, struct ts_subject **out)
{
	struct ts_subject *s = calloc(1, sizeof *s);
	if (s == NULL)
		return TS_E_NO_MEMORY;
	s->contract = *contract;
	s->has[0] = s->has[1] = -1;
	pthread_mutex_lock(&link->all->lock);
	s->next = link->subjects;
	link->subjects = s;
	pthread_mutex_unlock(&link->all->lock);
	*out = s;
	return TS_OK;
}

static enum ts_err look_at(struct ts_link *link, const struct ts_db_contract *contract,
	struct ts_region *region, struct ts_why *why)
{
	struct discovery d = {
		.region = region, .subject = find_subject(link, contract->contract_id)};
	if (d.subject == NULL)
		TS_TRY(add_subject(link, contract, &d.subject));
	enum ts_err err = ts_db_tx_contract(
		link->session->db, contract->contract_id, version_tx, &d, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	return d.terms.at != NULL ? take_terms(link, &d, why) : TS_OK;
}

bool ts_witnesser_stopping(void *arg)
{
	struct ts_witnesser *w = arg;
	pthread_mutex_lock(&w->lock);
	bool stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

static enum ts_err discover(struct ts_link *link, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	struct ts_db_contract *contracts = NULL;
	int64_t after = 0;
	size_t n = CONTRACTS_PER_READ;
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY : TS_OK;
	while (err == TS_OK && n == CONTRACTS_PER_READ) {
		struct ts_db_contract page[CONTRACTS_PER_READ];
		ts_region_reset(region);
		err = ts_db_contract_list(link->session->db, 0, after, CONTRACTS_PER_READ, region,
			&contracts, &n, why);
		if (err == TS_OK && n > 0)
			memcpy(page, contracts, n * sizeof page[0]);
		for (size_t i = 0; err == TS_OK && i < n && !ts_witnesser_stopping(link->all);
			i++) {
			ts_region_reset(region);
			after = page[i].contract_id;
			err = look_at(link, &page[i], region, why);
		}
	}
	ts_region_free(region);
	return err;
}

/* --- one contract's turn --- */

/* What a round found, for everybody to see; when it is due again. */
static void finish(struct ts_link *link, struct ts_subject *s, enum ts_err err, bool held,
	bool clear, const struct ts_why *why)
{
	struct ts_app *app = link->all->app;
	int64_t interval_s = app->config->witness_interval_s;
	char error[sizeof s->status.error] = "", label[TS_METRICS_LABELS_MAX];
	if (err != TS_OK)
		snprintf(error, sizeof error, "%.255s",
			why->text[0] != '\0' ? why->text : ts_err_text(err));
	s->backoff_s = err == TS_OK ? 0 : s->backoff_s == 0 ? 1 : 2 * s->backoff_s;
	if (s->backoff_s > interval_s)
		s->backoff_s = interval_s;
	pthread_mutex_lock(&link->all->lock);
	bool news = strcmp(error, s->status.error) != 0;
	memcpy(s->status.error, error, sizeof error);
	s->status.tried = true;
	s->status.clear = clear;
	s->status.held = held;
	s->due_mono_us = ts_clock_mono_us() +
			 (err == TS_OK ? interval_s : s->backoff_s) * INT64_C(1000000);
	pthread_mutex_unlock(&link->all->lock);
	snprintf(label, sizeof label, "contract=\"%s\",witness=\"%.60s\"", s->contract.public_id,
		link->name);
	ts_metrics_set(app->metrics, TS_METRIC_SIGNING_HELD, label, held);
	if (err == TS_OK)
		return;
	snprintf(label, sizeof label, "witness=\"%.140s\"", link->name);
	ts_metrics_add(app->metrics, TS_METRIC_WITNESS_FAILED, label, 1);
	if (news)
		TS_LOG(app->log, held ? TS_LOG_ERROR : TS_LOG_WARN,
			held ? "signing_held" : "witness", TS_LOG_TEXT("witness", link->name),
			TS_LOG_TEXT("contract", s->contract.public_id), TS_LOG_TEXT("text", error),
			TS_LOG_TEXT("code", ts_err_code(err)));
}

/* The target as it stands; false when it is time to choose one. */
static bool target_stands(
	struct ts_witnesser *w, int64_t contract_id, int64_t sizes[TS_WITNESS_LOGS])
{
	int64_t interval_us = w->app->config->witness_interval_s * 1000000;
	pthread_mutex_lock(&w->lock);
	const struct ts_target *t = find_target(w, contract_id);
	bool stands = t != NULL && !t->poked && t->chosen_mono_us > 0 &&
		      ts_clock_mono_us() - t->chosen_mono_us < interval_us;
	if (stands)
		memcpy(sizes, t->sizes, sizeof t->sizes);
	pthread_mutex_unlock(&w->lock);
	return stands;
}

/* Takes the checkpoints that are the newest now for everybody's target. */
static enum ts_err choose_target(struct ts_link *link, const struct ts_subject *s,
	int64_t sizes[TS_WITNESS_LOGS], struct ts_why *why)
{
	struct ts_witnesser *w = link->all;
	int64_t id = s->contract.contract_id;
	pthread_mutex_lock(&w->lock);
	struct ts_target *t = find_target(w, id);
	if (t == NULL && (t = calloc(1, sizeof *t)) != NULL) {
		t->contract_id = id;
		t->next = w->targets;
		w->targets = t;
	}
	if (t != NULL)
		t->poked = false; /* before the look: what is signed meanwhile pokes again */
	pthread_mutex_unlock(&w->lock);
	if (t == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_witness_newest(link, s, sizes, why);
	pthread_mutex_lock(&w->lock);
	bool news = err == TS_OK && memcmp(t->sizes, sizes, sizeof t->sizes) != 0;
	if (err == TS_OK) {
		memcpy(t->sizes, sizes, sizeof t->sizes);
		t->chosen_mono_us = ts_clock_mono_us();
	}
	if (news)
		wake_all(w, id);
	pthread_mutex_unlock(&w->lock);
	return err;
}

static void turn(struct ts_link *link, struct ts_subject *s)
{
	struct ts_app *app = link->all->app;
	struct ts_why why = {0};
	struct ts_witness_status before;
	bool held = false, again = false;
	ts_witnesser_status(link->all, s->contract.contract_id, link->name, &before);
	enum ts_err err = TS_OK;
	if (!before.clear) {
		err = ts_witness_ask(link, s, &held, &why);
		finish(link, s, err, held, err == TS_OK, &why);
		if (err != TS_OK)
			return;
		/* What was left unsigned while nobody had been asked is signed now. */
		err = ts_checkpoints_sign(
			app, link->session, &s->contract, ts_clock_now_us(), &why);
		/* The last one to answer lets us sign: those before it found nothing to cosign. */
		ts_witnesser_poke(link->all, s->contract.contract_id);
	}
	int64_t sizes[TS_WITNESS_LOGS];
	if (err == TS_OK && !target_stands(link->all, s->contract.contract_id, sizes))
		err = choose_target(link, s, sizes, &why);
	if (err == TS_OK)
		err = ts_witness_cosign(link, s, sizes, &again, &why);
	finish(link, s, err, false, !again, &why);
}

/* The next contract that is due, or NULL with how long to wait. */
static struct ts_subject *next_due(struct ts_link *link, int64_t now_us, int64_t *wait_us)
{
	struct ts_subject *found = NULL;
	pthread_mutex_lock(&link->all->lock);
	for (struct ts_subject *s = link->subjects; s != NULL; s = s->next) {
		if (!s->named)
			continue;
		/* A poke does not shorten the time that a failing witness is left alone. */
		int64_t due_us = s->poked && s->backoff_s == 0 ? 0 : s->due_mono_us;
		if (due_us <= now_us && (found == NULL || s->due_mono_us < found->due_mono_us))
			found = s;
		if (due_us - now_us < *wait_us)
			*wait_us = due_us - now_us;
	}
	if (found != NULL)
		found->poked = false;
	pthread_mutex_unlock(&link->all->lock);
	return found;
}

static void wait_for(struct ts_link *link, int64_t wait_us)
{
	int64_t at_us = ts_clock_mono_us() + wait_us;
	struct timespec at = {
		.tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000) * 1000};
	pthread_mutex_lock(&link->all->lock);
	bool poked = link->discover;
	for (struct ts_subject *s = link->subjects; s != NULL && !poked; s = s->next)
		poked = s->named && s->poked && s->backoff_s == 0;
	if (!poked && !link->all->stop)
		pthread_cond_timedwait(&link->all->wake, &link->all->lock, &at);
	pthread_mutex_unlock(&link->all->lock);
}

static bool take_discover(struct ts_link *link)
{
	pthread_mutex_lock(&link->all->lock);
	bool discover = link->discover;
	link->discover = false;
	pthread_mutex_unlock(&link->all->lock);
	return discover;
}

static enum ts_err connect(struct ts_link *link, struct ts_why *why)
{
	if (link->session == NULL)
		TS_TRY(ts_session_open(link->all->app->config->db_service, &link->session, why));
	return ts_db_ping(link->session->db, why);
}

static void *run(void *arg)
{
	struct ts_link *link = arg;
	int64_t discovered_us = 0, every_us = link->all->app->config->witness_interval_s * 1000000;
	if (every_us > DISCOVER_US)
		every_us = DISCOVER_US;
	while (!ts_witnesser_stopping(link->all)) {
		struct ts_why why = {0};
		int64_t now_us = ts_clock_mono_us(), wait_us = every_us;
		enum ts_err err = connect(link, &why);
		bool discover_now = take_discover(link) || discovered_us == 0 ||
				    now_us - discovered_us >= every_us;
		if (err == TS_OK && discover_now) {
			err = discover(link, &why);
			discovered_us = now_us;
		}
		if (err != TS_OK)
			ts_log_err(link->all->app->log, TS_LOG_ERROR, "witness", err, &why);
		struct ts_subject *due = err == TS_OK ? next_due(link, now_us, &wait_us) : NULL;
		if (due != NULL)
			turn(link, due);
		else
			wait_for(link, err == TS_OK ? wait_us : 1000000);
	}
	ts_session_close(link->session);
	return NULL;
}

/* --- start and stop --- */

static struct ts_str trimmed(struct ts_str text)
{
	while (text.len > 0 && text.at[0] == ' ')
		text = (struct ts_str){text.at + 1, text.len - 1};
	while (text.len > 0 && text.at[text.len - 1] == ' ')
		text.len--;
	return text;
}

static enum ts_err add_link(struct ts_witnesser *w, struct ts_str item, struct ts_why *why)
{
	struct ts_str url = item;
	struct ts_str name = ts_str_cut(&url, '=');
	if (w->n == TS_QUORUM_WITNESSES_MAX)
		return ts_why(
			why, TS_E_LIMIT, "witnesses", "more than %d", TS_QUORUM_WITNESSES_MAX);
	struct ts_link *link = &w->links[w->n];
	if (url.at == NULL || url.len >= sizeof link->url || ts_key_name_check(name, NULL) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "witnesses", "\"%.*s\" is not NAME=URL",
			(int)(item.len > 200 ? 200 : item.len), item.at);
	memcpy(link->name, name.at, name.len);
	memcpy(link->url, url.at, url.len);
	if (find_link(w, link->name) != NULL)
		return ts_why(why, TS_E_INVALID, "witnesses", "%s is there twice", link->name);
	link->all = w;
	TS_TRY(ts_send_create(link->url, NULL, &link->send, why));
	w->n++;
	return TS_OK;
}

static enum ts_err start_links(struct ts_witnesser *w, struct ts_why *why)
{
	struct ts_str rest = ts_str(w->app->config->witnesses);
	while (rest.at != NULL && rest.len > 0) {
		struct ts_str item = trimmed(ts_str_cut(&rest, ','));
		if (item.len > 0)
			TS_TRY(add_link(w, item, why));
	}
	for (size_t i = 0; i < w->n; i++) {
		if (pthread_create(&w->links[i].thread, NULL, run, &w->links[i]) != 0)
			return ts_why(why, TS_E_UNAVAILABLE, "witnesses",
				"cannot start the thread of %s", w->links[i].name);
		w->links[i].started = true;
	}
	return TS_OK;
}

enum ts_err ts_witnesser_start(struct ts_app *app, struct ts_why *why)
{
	pthread_condattr_t attr;
	if (app->config->witnesses[0] == '\0')
		return TS_OK;
	struct ts_witnesser *w = calloc(1, sizeof *w);
	if (w == NULL)
		return TS_E_NO_MEMORY;
	w->app = app;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->publish, NULL);
	/* The threads sign through app->witnesser: it is set before the first one runs. */
	atomic_store(&app->witnesser, w);
	enum ts_err err = start_links(w, why);
	if (err != TS_OK)
		ts_witnesser_stop(app);
	return err;
}

void ts_witnesser_stop(struct ts_app *app)
{
	struct ts_witnesser *w = atomic_load(&app->witnesser);
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->n; i++) {
		if (w->links[i].started)
			pthread_join(w->links[i].thread, NULL);
		ts_send_free(w->links[i].send);
		while (w->links[i].subjects != NULL) {
			struct ts_subject *s = w->links[i].subjects;
			w->links[i].subjects = s->next;
			free(s);
		}
	}
	while (w->targets != NULL) {
		struct ts_target *t = w->targets;
		w->targets = t->next;
		free(t);
	}
	atomic_store(&app->witnesser, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->publish);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
