-- SPDX-License-Identifier: Apache-2.0
-- Webhooks: endpoints, events handed out to them, deliveries.

-- name: webhook_add
-- in: party, public id, url, types, side (null: either), contracts (null: all), secret, created,
-- thresholds
insert into app.webhook (party_id, public_id, url, types, side, contracts, secret, created, thresholds)
values ($1::bigint, $2::text, $3::text, $4::text[], $5::smallint, $6::bigint[], $7::bytea,
	$8::timestamptz, $9::smallint[])

-- name: webhook_list
-- in: party, public id (null: all of the party's)
select w.webhook_id, w.public_id, w.url, array_to_string(w.types, ','), coalesce(w.side, -1::smallint),
	w.contracts is null, coalesce(w.contracts, '{}'::bigint[]), w.state, w.failing_since, w.last_error,
	w.created, w.old_until, w.thresholds::bigint[]
from app.webhook w
where w.party_id = $1::bigint and w.state <> 'deleted' and ($2::text is null or w.public_id = $2::text)
order by w.webhook_id

-- name: webhook_delete
-- in: party, webhook
update app.webhook set state = 'deleted', old_secret = null
where party_id = $1::bigint and webhook_id = $2::bigint and state <> 'deleted'

-- name: webhook_rotate
-- in: party, webhook, new secret, the old one also signs until. A disabled endpoint gets another try.
update app.webhook set old_secret = secret, old_until = $4::timestamptz, secret = $3::bytea,
	state = 'enabled', failing_since = null, last_error = null
where party_id = $1::bigint and webhook_id = $2::bigint and state <> 'deleted'

-- name: outbox_next
-- in: limit; out: events that were not handed out, oldest first
select contract_id, event_id from app.event_queue order by event_id limit $1::integer

-- name: outbox_get
-- in: contract, event
select message_id, type, at, data from app.event where contract_id = $1::bigint and event_id = $2::bigint

-- name: outbox_done
-- in: contract, event
delete from app.event_queue where contract_id = $1::bigint and event_id = $2::bigint

-- name: outbox_fan
-- in: party, side in the contract (-1: the operator), contract, message, type, body, now, percent
-- (null: not of a threshold). One delivery for each endpoint that wants it; a repeat changes nothing.
with d as (
	insert into app.delivery (party_id, webhook_id, message_id, type, body, created)
	select w.party_id, w.webhook_id, $4::text, $5::text, $6::text, $7::timestamptz
	from app.webhook w
	where w.party_id = $1::bigint and w.state = 'enabled'
		and (w.side is null or $2::smallint < 0 or w.side = $2::smallint)
		and (w.contracts is null or $3::bigint = any (w.contracts))
		and (w.types = '{}'::text[] or $5::text = any (w.types))
		and ($8::smallint is null or $8::smallint = any (w.thresholds))
	on conflict do nothing
	returning delivery_id, party_id, webhook_id
)
insert into app.delivery_queue (delivery_id, party_id, webhook_id, next_at)
select delivery_id, party_id, webhook_id, $7::timestamptz from d

-- name: delivery_add
-- in: party, webhook, message, type, body, now: one message to one endpoint
with d as (
	insert into app.delivery (party_id, webhook_id, message_id, type, body, created)
	values ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::timestamptz)
	returning delivery_id, party_id, webhook_id
)
insert into app.delivery_queue (delivery_id, party_id, webhook_id, next_at)
select delivery_id, party_id, webhook_id, $6::timestamptz from d

-- name: delivery_claim
-- in: now, end of the lease, limit, limit per endpoint; out: due deliveries, which nobody else gets until
-- the lease ends. An endpoint with much to get does not keep others waiting.
update app.delivery_queue q set next_at = $2::timestamptz
from (select delivery_id from (select delivery_id, next_at,
			row_number() over (partition by webhook_id order by next_at, delivery_id) as place
		from app.delivery_queue where next_at <= $1::timestamptz) due
	where place <= $4::bigint order by next_at, delivery_id limit $3::integer) c
where q.delivery_id = c.delivery_id and q.next_at <= $1::timestamptz
returning q.delivery_id, q.party_id

-- name: delivery_get
-- in: party, delivery
select d.delivery_id, d.webhook_id, d.message_id, d.body, d.attempts, d.created, w.url, w.secret,
	case when w.old_until > $3::timestamptz then w.old_secret end, w.state, w.failing_since
from app.delivery d join app.webhook w using (party_id, webhook_id)
where d.party_id = $1::bigint and d.delivery_id = $2::bigint

-- name: delivery_attempt
-- in: party, delivery, state, now, status, error
update app.delivery set state = $3::text, attempts = attempts + 1, last_at = $4::timestamptz,
	last_status = $5::integer, last_error = $6::text
where party_id = $1::bigint and delivery_id = $2::bigint and state = 'waiting'

-- name: delivery_later
-- in: delivery, next
update app.delivery_queue set next_at = $2::timestamptz where delivery_id = $1::bigint

-- name: delivery_over
-- in: delivery
delete from app.delivery_queue where delivery_id = $1::bigint

-- name: webhook_worked
-- in: party, webhook
update app.webhook set failing_since = null, last_error = null
where party_id = $1::bigint and webhook_id = $2::bigint and failing_since is not null

-- name: webhook_failed
-- in: party, webhook, now, error, disable
update app.webhook set failing_since = coalesce(failing_since, $3::timestamptz), last_error = $4::text,
	state = case when $5::boolean and state = 'enabled' then 'disabled' else state end
where party_id = $1::bigint and webhook_id = $2::bigint

-- name: delivery_list
-- in: party, webhook, below (newest first), limit
select delivery_id, message_id, type, created, state, attempts, last_at, last_status, last_error
from app.delivery
where party_id = $1::bigint and webhook_id = $2::bigint and delivery_id < $3::bigint
order by delivery_id desc limit $4::integer
