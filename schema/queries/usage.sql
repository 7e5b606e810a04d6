-- SPDX-License-Identifier: Apache-2.0
-- Batches, cells, verdicts and usage as settle and reports read them. What settle runs for the leaves
-- of an event finds their batches in the index on leaf and goes on from each. The planner knows nothing
-- of what came since the last ANALYZE; these are so put that it has no plan left that grows with the
-- contract: "order by" makes that index the best of several that seem to cost the same, "offset 0"
-- keeps a part from being merged into a join.

-- name: batch_list
-- in: contract, leaves [from, to), limit
select batch_id, stream_id, side, first_index, end_index, leaf, received, received_month, root, note,
	receipt, lines_bytes, usage_n, void_n, close_n, reversal_n, suspects,
	void_usage, earliest_ms, latest_ms
from app.batch where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint
order by leaf limit $4::integer

-- name: batch_judged
-- in: contract, leaves [from, to), limit. Those with suspects or reversals, of a newer stream with
-- lines that start before the older one's last one ends, of an older stream with lines that end
-- behind the handover (evidence/judge.h).
select b.batch_id, b.stream_id, b.side, b.first_index, b.end_index, b.leaf, b.received, b.received_month,
	b.root, b.note, b.receipt, b.lines_bytes, b.usage_n, b.void_n, b.close_n, b.reversal_n, b.suspects,
	b.void_usage, b.earliest_ms, b.latest_ms
from (select * from app.batch b
	where b.contract_id = $1::bigint and b.leaf >= $2::bigint and b.leaf < $3::bigint
	order by b.leaf offset 0) b
where b.reversal_n > 0 or cardinality(b.suspects) > 0
	or exists (select from app.handover h where h.contract_id = b.contract_id
		and h.newer_id = b.stream_id and b.earliest_ms < h.from_ms + 2678400000
		and b.earliest_ms < (select max(o.latest_ms) from app.batch o
			where o.contract_id = h.contract_id and o.stream_id = h.older_id
				and o.latest_ms > h.from_ms))
	or exists (select from app.handover h where h.contract_id = b.contract_id
		and h.older_id = b.stream_id and b.latest_ms > h.from_ms)
order by b.leaf limit $4::integer

-- name: batch_overlapping
-- in: contract, stream, from_ms, to_ms, leaf
select batch_id, stream_id, side, first_index, end_index, leaf, received, received_month, root, note,
	receipt, lines_bytes, usage_n, void_n, close_n, reversal_n, suspects,
	void_usage, earliest_ms, latest_ms
from app.batch where contract_id = $1::bigint and stream_id = $2::bigint and latest_ms > $3::bigint
	and earliest_ms < $4::bigint and leaf < $5::bigint
order by first_index

-- name: batch_size
-- in: contract, stream, leaf
select end_index from app.batch
where contract_id = $1::bigint and stream_id = $2::bigint and leaf < $3::bigint
order by end_index desc limit 1

-- name: handover_add
insert into app.handover (contract_id, newer_id, older_id, from_ms, within_scope, leaf)
values ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::boolean, $6::bigint)

-- name: handover_list
-- in: contract, streams on either side, leaf
select newer_id, older_id, from_ms, within_scope, leaf from app.handover
where contract_id = $1::bigint and newer_id = any ($2::bigint[]) and leaf < $3::bigint
union
select newer_id, older_id, from_ms, within_scope, leaf from app.handover
where contract_id = $1::bigint and older_id = any ($2::bigint[]) and leaf < $3::bigint

-- name: verdict_add
-- in: contract, arrays of stream, idx, lines, kind, reason, leaf, by stream, by idx
insert into app.verdict (contract_id, stream_id, idx, lines, kind, reason, leaf, by_stream, by_idx)
select $1::bigint, t.stream_id, t.idx, t.lines, t.kind, t.reason, t.leaf, nullif(t.by_stream, -1),
	nullif(t.by_idx, -1)
from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
	$9::bigint[]) t(stream_id, idx, lines, kind, reason, leaf, by_stream, by_idx)

-- name: verdict_facts
-- in: contract, stream, lines [from, to), leaf: u1 lines that were parked or reversed by leaves below it
select stream_id, idx, lines, kind, reason, leaf, by_stream, by_idx from app.verdict
where contract_id = $1::bigint and stream_id = $2::bigint and idx >= $3::bigint and idx < $4::bigint
	and kind in ('parked', 'reversed') and leaf < $5::bigint
order by idx, leaf

-- name: verdict_lines
-- in: contract, arrays of stream, idx: verdicts on single lines
select v.stream_id, v.idx, v.lines, v.kind, v.reason, v.leaf, v.by_stream, v.by_idx
from unnest($2::bigint[], $3::bigint[]) t(stream_id, idx)
join app.verdict v on v.contract_id = $1::bigint and v.stream_id = t.stream_id and v.idx = t.idx
	and v.kind in ('parked', 'reversed', 'refused')
order by v.leaf, v.stream_id, v.idx, v.kind

-- name: verdict_ranges
-- in: contract, leaf
select stream_id, idx, lines, kind, reason, leaf, by_stream, by_idx from app.verdict
where contract_id = $1::bigint and kind in ('contested', 'reattested', 'released') and leaf < $2::bigint
order by leaf

-- name: verdict_page
-- in: contract, stream, kind (null: any), after idx, leaf and kind, limit
select stream_id, idx, lines, kind, reason, leaf, by_stream, by_idx from app.verdict
where contract_id = $1::bigint and stream_id = $2::bigint and ($3::text is null or kind = $3::text)
	and (idx, leaf, kind collate "C") > ($4::bigint, $5::bigint, $6::text collate "C")
order by idx, leaf, kind collate "C" limit $7::integer

-- name: cell_fold
-- in: contract, leaves [from, to), by account, by stream. Adds the batch cells of these leaves to the
-- usage cells (the modulus is 2^256); out: the provider's among them, for the ledger; account and
-- origin are empty unless asked for.
with folded as (
	insert into app.usage_cell as u (contract_id, quarter, sku, class, account, stream_id, side, records,
		quantity, digest)
	select c.contract_id, c.quarter, c.sku, c.class, c.account, c.stream_id, c.side, sum(c.records)::bigint,
		sum(c.quantity),
		mod(sum(c.digest), 115792089237316195423570985008687907853269984665640564039457584007913129639936)
	from (select b.contract_id, b.batch_id from app.batch b
		where b.contract_id = $1::bigint and b.leaf >= $2::bigint and b.leaf < $3::bigint
		order by b.leaf offset 0) b
	cross join lateral (select * from app.batch_cell c
		where c.contract_id = b.contract_id and c.batch_id = b.batch_id offset 0) c
	group by c.contract_id, c.quarter, c.sku, c.class, c.account, c.stream_id, c.side
	order by c.quarter, c.sku, c.class, c.account, c.stream_id
	on conflict (contract_id, quarter, sku, class, account, stream_id) do update
	set records = u.records + excluded.records, quantity = u.quantity + excluded.quantity,
		digest = mod(u.digest + excluded.digest,
			115792089237316195423570985008687907853269984665640564039457584007913129639936)
)
select c.quarter, c.sku, c.class, case when $4::boolean then c.account else '' end,
	case when $5::boolean then (select k.origin from app.agent_key k
		where k.contract_id = c.contract_id and k.stream_id = c.stream_id) else '' end, sum(c.quantity)
from (select b.contract_id, b.batch_id from app.batch b
	where b.contract_id = $1::bigint and b.leaf >= $2::bigint and b.leaf < $3::bigint
	order by b.leaf offset 0) b
cross join lateral (select * from app.batch_cell c
	where c.contract_id = b.contract_id and c.batch_id = b.batch_id offset 0) c
where c.side = 0
group by 1, 2, 3, 4, 5
order by c.quarter, c.sku collate "C", c.class collate "C"

-- name: cell_range
-- in: contract, quarters [from, to), by account, by stream; out: the provider's cells as they count now,
-- as of cell_new
select u.quarter, u.sku, u.class, case when $4::boolean then u.account else '' end,
	case when $5::boolean then (select k.origin from app.agent_key k
		where k.contract_id = u.contract_id and k.stream_id = u.stream_id) else '' end, sum(u.quantity)
from app.usage_cell u
where u.contract_id = $1::bigint and u.side = 0 and u.quarter >= $2::bigint and u.quarter < $3::bigint
group by 1, 2, 3, 4, 5
having sum(u.quantity) <> 0
order by u.quarter, u.sku collate "C", u.class collate "C"

-- name: cell_adjust
-- in: contract, stream, arrays of quarter, sku, class, account, records, quantity, digest (mod 2^256)
update app.usage_cell u
set records = u.records + t.records, quantity = u.quantity + t.quantity,
	digest = mod(u.digest + t.digest,
		115792089237316195423570985008687907853269984665640564039457584007913129639936)
from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::numeric[], $9::numeric[])
	t(quarter, sku, class, account, records, quantity, digest)
where u.contract_id = $1::bigint and u.stream_id = $2::bigint and u.quarter = t.quarter
	and u.sku = t.sku and u.class = t.class and u.account = t.account

-- name: cell_sums
-- in: contract, quarters [from, to), quarters per bucket, by class, by account
select u.quarter / $4::bigint * $4::bigint, u.side, u.sku,
	case when $5::boolean then u.class else '' end, case when $6::boolean then u.account else '' end,
	sum(u.records)::bigint, sum(u.quantity),
	mod(sum(u.digest), 115792089237316195423570985008687907853269984665640564039457584007913129639936)
from app.usage_cell u
where u.contract_id = $1::bigint and u.quarter >= $2::bigint and u.quarter < $3::bigint
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5

-- name: cell_check
-- in: contract, leaf. How many keys differ between the batch cells of leaves below it and the usage
-- cells, in a contract without verdicts: verdicts take away what this does not know.
select count(*) from (
	select c.quarter, c.sku, c.class, c.account, c.stream_id, sum(c.records) as records,
		sum(c.quantity) as quantity
	from app.batch b join app.batch_cell c using (contract_id, batch_id)
	where b.contract_id = $1::bigint and b.leaf < $2::bigint
	group by c.quarter, c.sku, c.class, c.account, c.stream_id
) s full join (select * from app.usage_cell where contract_id = $1::bigint) u
	using (quarter, sku, class, account, stream_id)
where s.records is distinct from u.records or s.quantity is distinct from u.quantity

-- name: usage_list
-- in: contract, from, to (0, 0: any), side (-1: any), stream (0: any), sku, class, workload, resource,
-- account (null: any), voids too, after batch, after index, limit
select u.batch_id, u.stream_id, u.idx, u.side, u.start_ms, u.end_ms, u.devices_milli, u.quantity, u.sku,
	u.class, u.workload, u.resource, u.account, u.void_reason
from app.usage u
where u.contract_id = $1::bigint and (u.tag = 1 or ($11::boolean and u.tag = 9))
	and ($3::bigint = 0 or (u.start_ms < $3::bigint and u.end_ms > $2::bigint))
	and ($4::smallint < 0 or u.side = $4::smallint) and ($5::bigint = 0 or u.stream_id = $5::bigint)
	and ($6::text is null or u.sku = $6::text) and ($7::text is null or u.class = $7::text)
	and ($8::text is null or u.workload = $8::text) and ($9::text is null or u.resource = $9::text)
	and ($10::text is null or u.account = $10::text)
	and (u.batch_id, u.idx) > ($12::bigint, $13::bigint)
order by u.batch_id, u.idx limit $14::integer

-- name: usage_list_keyed
-- As usage_list, when one of workload, resource, account is given: only the batches that hold it.
-- $15: kind, $16: value
select u.batch_id, u.stream_id, u.idx, u.side, u.start_ms, u.end_ms, u.devices_milli, u.quantity, u.sku,
	u.class, u.workload, u.resource, u.account, u.void_reason
from app.batch_key k
join app.batch b using (contract_id, batch_id)
join app.usage u on u.contract_id = k.contract_id and u.batch_id = k.batch_id
	and u.received = (b.received at time zone 'UTC')::date
where k.contract_id = $1::bigint and k.kind = $15::smallint and k.value = $16::text
	and k.batch_id >= $12::bigint and (u.tag = 1 or ($11::boolean and u.tag = 9))
	and ($3::bigint = 0 or (u.start_ms < $3::bigint and u.end_ms > $2::bigint))
	and ($4::smallint < 0 or u.side = $4::smallint) and ($5::bigint = 0 or u.stream_id = $5::bigint)
	and ($6::text is null or u.sku = $6::text) and ($7::text is null or u.class = $7::text)
	and ($8::text is null or u.workload = $8::text) and ($9::text is null or u.resource = $9::text)
	and ($10::text is null or u.account = $10::text)
	and (u.batch_id, u.idx) > ($12::bigint, $13::bigint)
order by u.batch_id, u.idx limit $14::integer

-- name: void_list
-- in: contract, stream, after index, limit; out: void leaves in order. Batches say which have any, so
-- that only their rows are read.
select u.idx, u.side, u.void_reason, u.batch_id
from app.batch b
join app.usage u on u.contract_id = b.contract_id and u.batch_id = b.batch_id
	and u.received = (b.received at time zone 'UTC')::date
where b.contract_id = $1::bigint and b.stream_id = $2::bigint and b.end_index > $3::bigint + 1
	and b.void_n > 0 and u.tag = 9 and u.idx > $3::bigint
order by u.idx limit $4::integer

-- name: partition_ensure
select app.partition_ensure($1::integer)

-- name: partition_close
select app.partition_close($1::integer)
