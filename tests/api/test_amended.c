/* SPDX-License-Identifier: Apache-2.0 */
/* A contract that is amended, checked from the state at a cut: what was signed before the state,
 * behind it, and what reaches back to cells from before it. */
#include "api/opening.h"

#define JUNE(day) (31 * DAY + ((day)-1) * DAY) /* hours; the beginning of a day of June */
#define JULY(day) (61 * DAY + ((day)-1) * DAY)

/* One line of one hour, in thousandths of a GPU-hour. */
static void use(int64_t hour, int64_t milli)
{
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tgpu-h100\t8000\t%lld\ton_demand\tjob\tn\tteam\n",
		(long long)(SVC_FROM_MS + hour * HOUR),
		(long long)(SVC_FROM_MS + (hour + 1) * HOUR), (long long)(3600000 * milli));
}

static void settled_at(int64_t day)
{
	assert_true(settle(TS_SETTLE_TICK, 0, at_day(day), true));
}

static json_t *json_of(const char *text)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	for (char *c = copy; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	json_t *json = json_loads(copy, 0, NULL);
	free(copy);
	assert_non_null(json);
	return json;
}

#define H100                                                                                       \
	"'id':'h100-on-demand','section':'Compute','sku':'gpu-h100','class':'on_demand',"          \
	"'treatment':'reverse-charge'"
#define GRADUATED(first)                                                                           \
	"'prices':[{" H100 ",'model':'graduated','tiers':[{'up_to':'2','unit_price':'" first       \
	"'},{'unit_price':'1.00'}]}]"

/* Terms name no SKU without a price. */
static void drop_unpriced(json_t *terms)
{
	json_t *skus = json_object_get(terms, "skus"), *price = NULL;
	size_t k = 0;
	for (size_t i = json_array_size(skus); i-- > 0;) {
		bool priced = false;
		const char *sku = json_string_value(
			json_object_get(json_array_get(skus, i), "sku"));
		json_array_foreach(json_object_get(terms, "prices"), k, price)
			priced = priced ||
				 strcmp(json_string_value(json_object_get(price, "sku")), sku) == 0;
		if (!priced)
			json_array_remove(skus, i);
	}
}

/* The terms in force with other members, effective from an hour. Both companies sign, and the
 * consumer's new key where there is one. */
static void amend(
	int64_t version, int64_t hour, const char *changes, const struct ts_secret *successor)
{
	char path[160], vkey[TS_VKEY_CHARS], from[TS_TIME_CHARS];
	struct ts_buf note;
	snprintf(path, sizeof path, "/v1/contracts/%s/terms", contract.id);
	json_t *terms = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	json_object_set_new(terms, "version", json_integer(version));
	assert_int_equal(json_object_update_new(terms, json_of(changes)), 0);
	drop_unpriced(terms);
	if (successor != NULL)
		json_object_set_new(json_object_get(terms, "consumer"), "statement_key",
			json_string(ts_key_format(&successor->key, vkey)));
	snprintf(path, sizeof path, "/v1/contracts/%s/terms?effective_from=%s", contract.id,
		ts_time_format((SVC_FROM_MS + hour * HOUR) * 1000, from));
	json_t *offer = svc_expect(svc.send, "PUT", path, terms, SVC_NO_TEXT, 201);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_sign(ts_str(svc_member(offer, "statement")),
		(const struct ts_secret *[]){&contract.provider, &contract.consumer, successor},
		successor != NULL ? 3 : 2, &note);
	snprintf(path, sizeof path, "/v1/contracts/%s/signatures", contract.id);
	json_t *state = svc_expect(
		svc.send, "POST", path, NULL, (struct ts_str){note.data, note.len}, 200);
	assert_string_equal(svc_member(state, "state"), "active");
	ts_buf_free(&note);
	json_decref(state);
	json_decref(offer);
	if (successor != NULL)
		contract.consumer = *successor;
}

static void same_from(int32_t from, int32_t period)
{
	check(-1, period, &genesis);
	check(from, period, &opened);
	assert_same_end(from);
}

static void no_bundle(int32_t from, int32_t period, const char *words)
{
	struct ts_why why = {"", ""};
	const struct ts_bundle_job job = job_of(from, period);
	int fd = -1;
	int64_t size = 0;
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_CONFLICT);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
}

/* May is cut on 5 June; some of June's usage is there by then, one line of it too early. */
static void may_of(struct svc_agent *a)
{
	open_contract();
	must_enrol(&whole, a);
	use(1, 1500); /* line 1 */
	use(JUNE(1) + 3, 2000); /* 2 */
	use(JUNE(3) + 12, 1250); /* 3 */
	use(JUNE(4), 3000); /* 4 */
	use(JUNE(20), 700); /* 5 */
	send_lines(a);
	cut(0, 36);
	issue(0, 36);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
}

/* Version 2 goes on with the counters from the middle of a day on, over cells from before the
 * state; version 3 begins anew, with a commitment that rolls over; version 4 has another key. */
static void amended_behind_the_state(void **state)
{
	struct svc_agent a;
	struct ts_secret next;
	struct ts_why why = {"", ""};
	const uint8_t seed[TS_KEY_SEED_BYTES] = {9, 78};
	(void)state;
	may_of(&a);
	amend(2, JUNE(3) + 12, "{" GRADUATED("2.00") ",'counters_on_amendment':'continue'}", NULL);
	use(JUNE(2) + 7, 500); /* 6 */
	reversal(&a, 2); /* before the state and before version 2 */
	reversal(&a, 4); /* before the state, under version 2 */
	send_lines(&a);
	settled_at(40);
	amend(3, JUNE(15),
		"{"
		"'prices':[{" H100 ",'model':'per_unit','unit_price':'2.50'}]"
		",'counters_on_amendment':'restart','commitments':[{'id':'c',"
		"'price':'h100-on-demand','per':'period','schedule':[{'from':"
		"'2026-05-01','quantity':'4'}],'shortfall_unit_price':'0.50',"
		"'rollover':'1'}]}",
		NULL);
	use(JUNE(16), 900);
	send_lines(&a);
	settled_at(50);
	cut(1, 67);
	issue(1, 67);
	sign();
	same_from(0, 1);
	/* June is sealed by the one under its old key, answered by the other under its new one */
	says_sealed(1, TS_SIDE_PROVIDER, true, false);
	svc_ok(ts_secret_make(ts_str("atlas.example/statements"), TS_KEY_ED25519, seed, &next),
		&why);
	amend(4, JULY(10), "{'title':'another key'}", &next);
	says_sealed(1, TS_SIDE_CONSUMER, false, true);
	use(JULY(2), 4400);
	use(JULY(12), 300);
	reversal(&a, 3); /* of June, under version 2 */
	send_lines(&a);
	cut(2, 98);
	issue(2, 98);
	sign();
	same_from(0, 2);
	same_from(1, 2);
}

static void an_amendment_behind_the_state_is_refused(void **state)
{
	struct svc_agent a;
	(void)state;
	may_of(&a);
	amend(2, 20 * DAY, "{" GRADUATED("2.00") "}", NULL);
	cut(1, 67);
	issue(1, 67);
	sign();
	check(-1, 1, &genesis);
	no_bundle(0, 1, "it reaches back to 2026-05-20T22:00:00Z, before 2026-05-31T22:00:00Z");
	says_sealed(1, TS_SIDE_PROVIDER, true, false);
	says_sealed(1, TS_SIDE_CONSUMER, false, true);
	use(JULY(2), 4400);
	use(2, 100); /* of May, under version 2 by now */
	send_lines(&a);
	cut(2, 98);
	issue(2, 98);
	sign();
	same_from(1, 2); /* the amendment is in June's state */
}

/* The terms allow it: July ends on the 16th. */
static void a_notice_behind_the_state(void **state)
{
	struct svc_agent a;
	struct statement leaf = {.kind = TS_LEAF_EVENT};
	struct ts_why why = {"", ""};
	struct ts_buf text;
	(void)state;
	may_of(&a);
	amend(2, JUNE(10), "{'termination':{'notice_days':10}}", NULL);
	settled_at(45);
	const struct ts_event notice = {.contract = ts_str(contract.id),
		.kind = TS_EVENT_NOTICE,
		.serial = 1,
		.at_ms = at_day(46) / 1000,
		.by = TS_SIDE_CONSUMER,
		.end_ms = SVC_FROM_MS + JULY(16) * HOUR};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(&notice, &text, &why), &why);
	(void)add_statement(&leaf, &text); /* the desk would count the days from today on */
	settled_at(47);
	use(JULY(15), 1000);
	use(JULY(16), 1000); /* behind the end */
	send_lines(&a);
	cut(1, 67);
	issue(1, 67);
	cut(2, 98);
	issue(2, 98);
	sign();
	same_from(0, 2);
	assert_int_equal(number("select count(*) from app.unbilled where contract_id = %lld and "
				"reason = 'outside_term'",
				 (long long)row.contract_id),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amended_behind_the_state),
		cmocka_unit_test(an_amendment_behind_the_state_is_refused),
		cmocka_unit_test(a_notice_behind_the_state),
	};
	svc_wrote = "app.statement"; /* a leaf without the desk */
	return cmocka_run_group_tests(tests, open_all, close_all);
}
