/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_DELIVERY_H
#define TS_STORE_DELIVERY_H
/* Why: from the outbox to endpoints. Two queues hold ids only and have no row-level security:
 * events that were not handed out, deliveries that are due. What they name is read in the scope of
 * its contract or party. Handing out and delivering both happen at least once: a repeat of the
 * first changes nothing, one of the second has the same message id. */
#include "store/db.h"

struct ts_db_outbox_row {
	int64_t contract_id, event_id;
};
/* Oldest first. No scope is needed. */
enum ts_err ts_db_outbox_next(struct ts_db *db, int32_t limit, struct ts_region *region,
	struct ts_db_outbox_row **out, size_t *n, struct ts_why *why) TS_MUST;
struct ts_db_message {
	const char *message_id, *type, *data;
	int64_t at_us;
	int16_t percent; /* of a threshold; -1: of none */
};
/* In the scope of the contract; percent is -1. */
enum ts_err ts_db_outbox_get(struct ts_db *db, const struct ts_db_outbox_row *row,
	struct ts_region *region, struct ts_db_message *out, struct ts_why *why) TS_MUST;
/* In the scope of the party: one delivery for each of its endpoints that wants the message. side:
 * the party's in the contract; -1: the operator. */
enum ts_err ts_db_outbox_fan(struct ts_db *db, const struct ts_db_outbox_row *row, int64_t party_id,
	int16_t side, const struct ts_db_message *message, const char *body, int64_t now_us,
	struct ts_why *why) TS_MUST;
/* After all parties. No scope is needed. */
enum ts_err ts_db_outbox_done(
	struct ts_db *db, const struct ts_db_outbox_row *row, struct ts_why *why) TS_MUST;

/* In the scope of the party: one message to one endpoint (a test). */
enum ts_err ts_db_delivery_add(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	const struct ts_db_message *message, const char *body, int64_t now_us,
	struct ts_why *why) TS_MUST;

struct ts_db_due {
	int64_t delivery_id, party_id;
};
/* Deliveries that are due and that nobody else gets until lease_us. No scope is needed. */
enum ts_err ts_db_delivery_claim(struct ts_db *db, int64_t now_us, int64_t lease_us, int32_t limit,
	int64_t per_endpoint, struct ts_region *region, struct ts_db_due **out, size_t *n,
	struct ts_why *why) TS_MUST;

struct ts_db_delivery {
	int64_t delivery_id, party_id, webhook_id;
	const char *message_id, *body, *url;
	int32_t attempts;
	int64_t created_us, failing_since_us;
	struct ts_str secret, old_secret; /* old_secret.at NULL: none */
	bool enabled; /* the endpoint still is */
};
/* In the scope of the party. */
enum ts_err ts_db_delivery_get(struct ts_db *db, const struct ts_db_due *due, int64_t now_us,
	struct ts_region *region, struct ts_db_delivery *out, struct ts_why *why) TS_MUST;

enum ts_db_outcome {
	TS_DB_OUTCOME_DELIVERED,
	TS_DB_OUTCOME_AGAIN, /* at next_us */
	TS_DB_OUTCOME_FAILED, /* tried long enough */
	TS_DB_OUTCOME_DROPPED, /* the endpoint is gone or disabled; nothing was sent */
};
struct ts_db_attempt {
	enum ts_db_outcome outcome;
	int32_t status; /* HTTP; 0: no answer */
	const char *error; /* NULL when delivered */
	int64_t now_us, next_us;
	bool disable; /* the endpoint, for good */
};
/* In the scope of the party: the delivery, its place in the queue, its endpoint's health. */
enum ts_err ts_db_delivery_record(struct ts_db *db, const struct ts_db_delivery *delivery,
	const struct ts_db_attempt *attempt, struct ts_why *why) TS_MUST;

struct ts_db_delivery_row {
	int64_t delivery_id;
	const char *message_id, *type, *state, *last_error; /* last_error NULL: none */
	int64_t created_us, last_us; /* last_us 0: not tried yet */
	int32_t attempts, last_status;
};
/* In the scope of the party; newest first, below `before`. */
enum ts_err ts_db_delivery_list(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	int64_t before, int32_t limit, struct ts_region *region, struct ts_db_delivery_row **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
