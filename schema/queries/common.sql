-- SPDX-License-Identifier: Apache-2.0
-- Queries that every role may run. All queries: $1, $2, ... as the wrapper in ledger/store binds
-- them, in order; the select list as it reads it. Each names its tables in full.

-- name: schema_version
-- out: number of migrations, hash of the last one
select count(*), (select sha256 from app.schema_migration order by position desc limit 1)
from app.schema_migration

-- name: ping
select 1::bigint

-- name: scope_set
-- in: contracts, sides (comma lists), party; for this transaction only
select set_config('app.contracts', $1::text, true), set_config('app.sides', $2::text, true),
	set_config('app.party', $3::text, true)

-- name: scope_get
select current_setting('app.contracts', true), current_setting('app.party', true)

-- name: stream_get
-- in: public id. The statement hash is that of the newest version in force.
select k.contract_id, k.stream_id, k.public_id, k.origin, k.vkey, k.public_key, k.side, k.note,
	k.from_ms, k.window_ms, k.active_from_ms, k.active_to_ms, k.clusters, k.resources, k.skus,
	k.leaf, k.revoked_leaf, k.closed_leaf, k.enrolled, s.state, s.size, s.range, s.root, s.note, s.appended, s.closed_ms,
	s.windows, (select v.statement_sha256 from app.contract_version v
		where v.contract_id = k.contract_id and v.leaf is not null order by v.leaf desc limit 1)
from app.agent_key k
join app.stream s using (contract_id, stream_id)
where k.public_id = $1::text

-- name: log_lock
-- in: contract, what; out: the counter, locked until the transaction ends
select size, range, root from app.contract_lock
where contract_id = $1::bigint and what = $2::smallint for no key update

-- name: logs_lock
-- in: contract; out: the counters of both logs, the inputs' first, locked until the transaction ends
select what, size, range, root from app.contract_lock
where contract_id = $1::bigint and what in (0, 1) order by what for no key update

-- name: log_leaf_add
-- in: contract, log, arrays of idx, kind, hash, data; created
insert into app.log_leaf (contract_id, log, idx, kind, hash, data, created)
select $1::bigint, $2::smallint, t.idx, t.kind, t.hash, t.data, $7::timestamptz
from unnest($3::bigint[], $4::smallint[], $5::bytea[], $6::bytea[]) t(idx, kind, hash, data)

-- name: subtree_add
-- in: contract, arrays of tree, idx, hash
insert into app.subtree (contract_id, tree, idx, hash)
select $1::bigint, t.tree, t.idx, t.hash
from unnest($2::bigint[], $3::bigint[], $4::bytea[]) t(tree, idx, hash)

-- name: log_advance
-- in: contract, what, size, range, root
update app.contract_lock set size = $3::bigint, range = $4::bytea, root = $5::bytea
where contract_id = $1::bigint and what = $2::smallint

-- name: subtree_hashes
-- in: contract, tree, [from, to)
select idx, hash from app.subtree
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint and idx < $4::bigint
order by idx

-- name: subtree_high_hashes
-- in: contract, tree, [from, to), level
select idx, hash from app.subtree_high
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint and idx < $4::bigint
	and level = $5::smallint
order by idx

-- name: subtree_high_add
-- in: contract, tree, level, idx, hash
insert into app.subtree_high (contract_id, tree, level, idx, hash)
values ($1::bigint, $2::bigint, $3::smallint, $4::bigint, $5::bytea)

-- name: log_hashes
-- in: contract, log, [from, to)
select idx, hash from app.log_leaf
where contract_id = $1::bigint and log = $2::smallint and idx >= $3::bigint and idx < $4::bigint
order by idx

-- name: batch_ended
-- in: contract, stream, end
select batch_id, stream_id, side, first_index, end_index, leaf, received, received_month, root, note,
	receipt, lines_bytes, usage_n, void_n, close_n, reversal_n, suspects,
	void_usage, earliest_ms, latest_ms
from app.batch where contract_id = $1::bigint and stream_id = $2::bigint and end_index = $3::bigint

-- name: batch_at
-- in: contract, stream, index
select batch_id, stream_id, side, first_index, end_index, leaf, received, received_month, root, note,
	receipt, lines_bytes, usage_n, void_n, close_n, reversal_n, suspects,
	void_usage, earliest_ms, latest_ms
from app.batch where contract_id = $1::bigint and stream_id = $2::bigint
	and first_index <= $3::bigint and end_index > $3::bigint
order by first_index desc limit 1

-- name: batch_span
-- in: contract, stream, indexes [from, to): the batches that touch them
select first_index, end_index, lines_bytes, lines from app.batch
where contract_id = $1::bigint and stream_id = $2::bigint and first_index < $4::bigint
	and first_index >= coalesce((select b.first_index from app.batch b
		where b.contract_id = $1::bigint and b.stream_id = $2::bigint and b.first_index <= $3::bigint
		order by b.first_index desc limit 1), 0)
order by first_index

-- name: outbox_add
-- in: contract, type, at, data. The event, and its place in the queue.
with e as (
	insert into app.event (contract_id, type, at, data)
	values ($1::bigint, $2::text, $3::timestamptz, $4::text) returning contract_id, event_id
)
insert into app.event_queue (contract_id, event_id) select contract_id, event_id from e

-- name: batch_lines
-- in: contract, batch. A range and its order: without statistics an equality would leave the planner
-- several indexes that seem to cost the same, and all but one read every batch of the contract.
select lines_bytes, lines from app.batch
where contract_id = $1::bigint and batch_id >= $2::bigint and batch_id <= $2::bigint
order by batch_id
