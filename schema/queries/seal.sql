-- SPDX-License-Identifier: Apache-2.0
-- States at cuts, seals, what the other company says to them, and time-stamp tokens.

-- name: state_log
-- in: contract; out: the inputs log's counter, with every provider stream as it is at that size: one
-- statement, one snapshot, and ingest changes both in one transaction. stream null: there is none.
select l.size, l.range, k.stream_id, k.origin, k.active_from_ms, k.window_ms, s.size, s.range, s.windows
from app.contract_lock l
left join app.agent_key k on k.contract_id = l.contract_id and k.side = 0
left join app.stream s on s.contract_id = k.contract_id and s.stream_id = k.stream_id
where l.contract_id = $1::bigint and l.what = 0
order by k.origin collate "C"

-- name: state_leaves
-- in: contract, N; out: the statements below N, operator's ticks excepted
select l.idx, l.data
from app.log_leaf l
where l.contract_id = $1::bigint and l.log = 0 and l.idx < $2::bigint and l.idx in (
	select leaf from app.contract_version where contract_id = $1::bigint
	union all select leaf from app.agent_key where contract_id = $1::bigint
	union all select leaf from app.statement where contract_id = $1::bigint
	union all select counter_leaf from app.statement where contract_id = $1::bigint
	union all select cut_leaf from app.period where contract_id = $1::bigint and cut
	union all select issue_leaf from app.document where contract_id = $1::bigint)
order by l.idx

-- name: state_marks
-- in: contract, N; out: what was decided about u1 lines of provider streams by leaves below N, and u1
-- lines that are void though they look good
select m.stream_id, m.idx, m.lines, m.kind, m.leaf, r.origin, m.by_idx
from (
	select v.stream_id, v.idx, v.lines, v.kind, v.leaf, v.by_stream, v.by_idx
	from app.verdict v
	where v.contract_id = $1::bigint and v.leaf < $2::bigint and v.kind <> 'refused'
	union all
	select b.stream_id, u.idx, 1, 'void', b.leaf, null, null
	from app.batch b cross join lateral unnest(b.void_usage) u(idx)
	where b.contract_id = $1::bigint and b.leaf < $2::bigint and b.void_usage <> '{}'
) m
join app.agent_key k on k.contract_id = $1::bigint and k.stream_id = m.stream_id and k.side = 0
left join app.agent_key r on r.contract_id = $1::bigint and r.stream_id = m.by_stream
order by m.stream_id, m.idx, m.kind collate "C", m.leaf

-- name: state_put
-- in: contract, period, cut leaf, sha256, text (zstd), bytes
insert into app.period_state (contract_id, period, cut_leaf, sha256, text, text_bytes)
values ($1::bigint, $2::integer, $3::bigint, $4::bytea, $5::bytea, $6::bigint)

-- name: state_get
-- in: contract, period
select cut_leaf, sha256, text, text_bytes from app.period_state
where contract_id = $1::bigint and period = $2::integer

-- name: seal_list
-- in: contract; out: seals with the newest answer of each kind
select s.book, s.through, s.leaf, s.note,
	(select max(a.leaf) from app.seal_answer a where a.contract_id = s.contract_id and a.book = s.book
		and a.through = s.through and a.reservation is null),
	r.leaf, r.reservation,
	(select count(*) from app.seal_token t where t.contract_id = s.contract_id and t.book = s.book
		and t.through = s.through),
	(select l.created from app.log_leaf l where l.contract_id = s.contract_id and l.log = 0
		and l.idx = s.leaf)
from app.seal s
left join lateral (select leaf, reservation from app.seal_answer a where a.contract_id = s.contract_id
	and a.book = s.book and a.through = s.through and a.reservation is not null
	order by leaf desc limit 1) r on true
where s.contract_id = $1::bigint
order by s.through, s.book

-- name: seal_answer_add
-- in: contract, book, through, leaf, reservation, now
insert into app.seal_answer (contract_id, book, through, leaf, reservation, answered)
values ($1::bigint, $2::smallint, $3::date, $4::bigint, $5::text, $6::timestamptz)

-- name: seal_token_add
-- in: contract, book, through, sha256, stamped, authority, token
insert into app.seal_token (contract_id, book, through, sha256, stamped, authority, token)
values ($1::bigint, $2::smallint, $3::date, $4::bytea, $5::timestamptz, $6::text, $7::bytea)
on conflict do nothing

-- name: seal_token_list
-- in: contract, book, through
select sha256, stamped, authority, token from app.seal_token
where contract_id = $1::bigint and book = $2::smallint and through = $3::date
order by stamped, sha256
