-- SPDX-License-Identifier: Apache-2.0
-- Which windows are closed, and what cuts found.

-- name: window_closed
-- in: contract, stream, windows that start behind and at or before, N, limit; out: per window with a c1
-- in leaves below N its start and the most records that one of them counts
select w.start_ms, max(w.records)
from app.window_close w join app.batch b using (contract_id, batch_id)
where w.contract_id = $1::bigint and w.stream_id = $2::bigint and w.start_ms > $3::bigint
	and w.start_ms <= $4::bigint and b.leaf < $5::bigint
group by w.start_ms order by w.start_ms limit $6::integer

-- name: completeness_put
-- in: contract, period, cut leaf, expected, closed, late, missing, hash of the list, list (null: none)
insert into app.period_completeness (contract_id, period, cut_leaf, expected, closed, late, missing,
	list_sha256, list)
values ($1::bigint, $2::integer, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bytea,
	$9::bytea)

-- name: completeness_get
-- in: contract, period
select cut_leaf, expected, closed, late, missing, list_sha256, list from app.period_completeness
where contract_id = $1::bigint and period = $2::integer

-- name: gap_list
-- in: contract, leaf: gap events that became leaves behind it, in order
select leaf, note from app.statement
where contract_id = $1::bigint and kind = 'gap' and leaf > $2::bigint
order by leaf

-- name: consumer_windows
-- in: contract; out: the consumer's streams with their tallies
select stream_id, windows from app.stream
where contract_id = $1::bigint and side = 1 order by stream_id
