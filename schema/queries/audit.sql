-- SPDX-License-Identifier: Apache-2.0
-- The auditor's own: what it keeps, and what it compares. A comparison reads rows as two texts, where
-- a row is and what it says (fields separated by a TAB, which no field can contain), and sometimes a
-- digest. Everything goes by an index from where the auditor is; nothing locks.

-- name: audit_get
select at, state from app.audit_progress
where contract_id = $1::bigint and task = $2::text and part = $3::bigint and day = $4::bigint

-- name: audit_put
insert into app.audit_progress (contract_id, task, part, day, at, state)
values ($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint, $6::bytea)
on conflict (contract_id, task, part, day) do update set at = excluded.at, state = excluded.state

-- name: audit_reset
-- Nothing is done; every day of cells that there was is due.
update app.audit_progress set at = case when task = 'cells' then 1 else 0 end, state = ''
where contract_id = $1::bigint

-- name: audit_clear
update app.audit_finding set cleared = $2::timestamptz where contract_id = $1::bigint and cleared is null

-- name: audit_due
-- in: contract, limit
select part, day, state from app.audit_progress
where contract_id = $1::bigint and task = 'cells' and at = 1
order by day, part limit $2::integer

-- name: audit_days
-- in: contract, after day and stream, last day, limit
select part, day, state from app.audit_progress
where contract_id = $1::bigint and task = 'cells' and (day, part) > ($2::bigint, $3::bigint)
	and day <= $4::bigint
order by day, part limit $5::integer

-- name: audit_alone
select pg_try_advisory_lock(7811001, 19)

-- name: finding_add
-- in: contract, check, table, key, expected, actual, now
insert into app.audit_finding (contract_id, check_name, table_name, key, expected, actual, found)
values ($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text, $7::timestamptz)
on conflict (contract_id, check_name, table_name, key) where cleared is null do nothing

-- name: finding_count
select count(*) from app.audit_finding where contract_id = $1::bigint and cleared is null

-- name: finding_list
-- in: contract, limit
select check_name, table_name, key, expected, actual, found from app.audit_finding
where contract_id = $1::bigint and cleared is null order by finding_id limit $2::integer

-- name: audit_subtree
-- in: contract, tree, [from, to)
select format('tree %s idx %s', tree, idx), encode(hash, 'hex') from app.subtree
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint and idx < $4::bigint

-- name: audit_subtree_high
-- in: contract, tree, [from, to), level
select format('tree %s level %s idx %s', tree, level, idx), encode(hash, 'hex') from app.subtree_high
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint and idx < $4::bigint
	and level = $5::smallint

-- name: audit_checkpoints
-- in: contract, log, sizes (after, to], limit
select size, root, note, range from app.log_checkpoint
where contract_id = $1::bigint and log = $2::smallint and size > $3::bigint and size <= $4::bigint
order by size limit $5::integer

-- name: audit_cosignatures
-- in: contract, log, sizes [from, to]
select size, key_name, time_s, line from app.log_cosignature
where contract_id = $1::bigint and log = $2::smallint and size >= $3::bigint and size <= $4::bigint
order by size, key_name

-- name: audit_published
-- in: contract, log, sizes [from, to]
select size, met_s from app.log_published
where contract_id = $1::bigint and log = $2::smallint and size >= $3::bigint and size <= $4::bigint
order by size

-- name: audit_cosigned
-- in: contract, log, witnesses; out: the size up to which each of them has spoken
select coalesce(min(w.size), 0) from (
	select coalesce((select s.size from app.log_cosignature s where s.contract_id = $1::bigint
		and s.log = $2::smallint and s.key_name = n.name order by s.size desc limit 1), 0) as size
	from unnest($3::text[]) n(name)
) w

-- name: audit_pairs
-- in: contract, sizes (after, to]; out: pairs whose journal does not end with what the inputs caused
select format('inputs_size %s', p.inputs_size), concat_ws(E'\t', coalesce(p.journal_size, 0), j.size)
from app.log_pair p
cross join lateral (select coalesce(
	(select e.entry_id from app.entry e where e.contract_id = p.contract_id
		and e.source_leaf >= p.inputs_size order by e.source_leaf, e.entry_id limit 1),
	(select l.size from app.contract_lock l where l.contract_id = p.contract_id and l.what = 1)) as size) j
where p.contract_id = $1::bigint and p.inputs_size > $2::bigint and p.inputs_size <= $3::bigint
	and (coalesce(p.journal_size, 0) is distinct from j.size
		or not exists (select from app.log_checkpoint c where c.contract_id = p.contract_id
			and c.log = 0 and c.size = p.inputs_size)
		or p.journal_size is not null and not exists (select from app.log_checkpoint c
			where c.contract_id = p.contract_id and c.log = 1 and c.size = p.journal_size))
order by p.inputs_size limit 100

-- name: audit_pair_last
select coalesce(max(inputs_size), 0) from app.log_pair where contract_id = $1::bigint

-- name: audit_usage
-- in: contract, batches, first and last of them
select format('batch %s line %s', batch_id, idx), concat_ws(E'\t', stream_id, start_ms, end_ms, devices_milli,
	quantity, received, side, tag, sku, class, workload, resource, account, coalesce(record_n::text, '-'),
	coalesce(void_reason, '-'))
from app.usage
where contract_id = $1::bigint and batch_id = any ($2::bigint[]) and batch_id >= $3::bigint
	and batch_id <= $4::bigint

-- name: audit_cell
-- in: contract, batches
select format('batch %s n %s', batch_id, n), concat_ws(E'\t', stream_id, side, quarter, sku, class, account,
	records, quantity), digest
from app.batch_cell where contract_id = $1::bigint and batch_id = any ($2::bigint[])

-- name: audit_reversal
-- in: contract, batches
select format('batch %s line %s', batch_id, idx), concat_ws(E'\t', stream_id, side, target_origin,
	target_index, reason)
from app.reversal where contract_id = $1::bigint and batch_id = any ($2::bigint[])

-- name: audit_window_close
-- in: contract, batches
select format('batch %s line %s', batch_id, idx), concat_ws(E'\t', stream_id, side, start_ms, end_ms, sku,
	records, quantity)
from app.window_close where contract_id = $1::bigint and batch_id = any ($2::bigint[])

-- name: audit_batch_key
-- in: contract, arrays of kind, value, batch
select format('kind %s value %s batch %s', k.kind, k.value, k.batch_id), '' from
	unnest($2::smallint[], $3::text[], $4::bigint[]) t(kind, value, batch_id)
join app.batch_key k on k.contract_id = $1::bigint and k.kind = t.kind and k.value = t.value
	and k.batch_id = t.batch_id

-- name: audit_batch_last
select coalesce(max(batch_id), 0) from app.batch where contract_id = $1::bigint

-- name: audit_lost_usage
-- in: contract, batches (after, to]; out: rows of no batch
select format('batch %s line %s', u.batch_id, u.idx), 'no batch has it' from app.usage u
where u.contract_id = $1::bigint and u.batch_id > $2::bigint and u.batch_id <= $3::bigint
	and not exists (select from app.batch b where b.contract_id = u.contract_id and b.batch_id = u.batch_id)
limit 100

-- name: audit_lost_cell
select format('batch %s n %s', c.batch_id, c.n), 'no batch has it' from app.batch_cell c
where c.contract_id = $1::bigint and c.batch_id > $2::bigint and c.batch_id <= $3::bigint
	and not exists (select from app.batch b where b.contract_id = c.contract_id and b.batch_id = c.batch_id)
limit 100

-- name: audit_lost_reversal
select format('batch %s line %s', r.batch_id, r.idx), 'no batch has it' from app.reversal r
where r.contract_id = $1::bigint and r.batch_id > $2::bigint and r.batch_id <= $3::bigint
	and not exists (select from app.batch b where b.contract_id = r.contract_id and b.batch_id = r.batch_id)
limit 100

-- name: audit_lost_close
select format('batch %s line %s', w.batch_id, w.idx), 'no batch has it' from app.window_close w
where w.contract_id = $1::bigint and w.batch_id > $2::bigint and w.batch_id <= $3::bigint
	and not exists (select from app.batch b where b.contract_id = w.contract_id and b.batch_id = w.batch_id)
limit 100

-- name: audit_lost_batch
-- in: contract, batches (after, to]; out: batches whose leaf is no accepted upload
select format('batch %s', b.batch_id), format('leaf %s', b.leaf) from app.batch b
where b.contract_id = $1::bigint and b.batch_id > $2::bigint and b.batch_id <= $3::bigint
	and not exists (select from app.log_leaf l where l.contract_id = b.contract_id and l.log = 0
		and l.idx = b.leaf and l.kind = 4)
limit 100

-- name: audit_agent_key
-- in: contract, leaves [from, to)
select format('leaf %s', leaf), concat_ws(E'\t', public_id, origin, vkey, encode(public_key, 'hex'), side,
	encode(sha256(note), 'hex'), from_ms, window_ms, active_from_ms, active_to_ms, clusters, resources, skus)
from app.agent_key where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_key_directory
-- in: contract, leaves [from, to)
select format('leaf %s', k.leaf), concat_ws(E'\t', d.public_id, encode(d.public_key, 'hex'), d.contract_id)
from app.agent_key k join app.key_directory d on d.stream_id = k.stream_id
where k.contract_id = $1::bigint and k.leaf >= $2::bigint and k.leaf < $3::bigint

-- name: audit_version
-- in: contract, leaves [from, to)
select format('version %s', version), concat_ws(E'\t', leaf, encode(sha256(terms), 'hex'),
	encode(terms_sha256, 'hex'), encode(sha256(statement), 'hex'), encode(statement_sha256, 'hex'),
	encode(sha256(note), 'hex'))
from app.contract_version where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_offered
-- in: contract; out: versions not in force that are not what their hashes say
select format('version %s', version), 'its bytes have other hashes' from app.contract_version
where contract_id = $1::bigint and leaf is null
	and (sha256(terms) <> terms_sha256 or sha256(statement) <> statement_sha256)

-- name: audit_revocation
-- in: contract, leaves [from, to)
select format('leaf %s', r.leaf), concat_ws(E'\t', k.origin, coalesce(r.since_ms::text, '-'),
	coalesce(r.covered::text, '-'))
from app.revocation r
left join app.agent_key k on k.contract_id = r.contract_id and k.stream_id = r.stream_id
where r.contract_id = $1::bigint and r.leaf >= $2::bigint and r.leaf < $3::bigint

-- name: audit_handover
-- in: contract, leaves [from, to)
select format('newer %s older %s', newer_id, older_id), concat_ws(E'\t', from_ms, within_scope, leaf)
from app.handover where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_verdict
-- in: contract, leaves [from, to)
select format('stream %s line %s %s leaf %s', stream_id, idx, kind, leaf), concat_ws(E'\t', lines, reason,
	coalesce(by_stream, -1), coalesce(by_idx, -1))
from app.verdict where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_statements
-- in: contract, leaves [from, to); from -1: those that are no leaf yet
select statement_id, sha256, kind, serial, note, leaf, counter_leaf from app.statement
where contract_id = $1::bigint and ($2::bigint >= 0 and leaf >= $2::bigint and leaf < $3::bigint
	or $2::bigint >= 0 and counter_leaf >= $2::bigint and counter_leaf < $3::bigint
	or $2::bigint = -1 and leaf is null)
order by statement_id

-- name: audit_seal
-- in: contract, leaves [from, to)
select format('leaf %s', leaf), concat_ws(E'\t', book, through, encode(sha256(note), 'hex')) from app.seal
where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_seal_answer
-- in: contract, leaves [from, to)
select format('leaf %s', leaf), concat_ws(E'\t', book, through, coalesce(reservation, '-'))
from app.seal_answer where contract_id = $1::bigint and leaf >= $2::bigint and leaf < $3::bigint

-- name: audit_seal_token
-- in: contract; out: tokens that are not what their hash says
select format('book %s through %s token %s', book, through, encode(sha256, 'hex')),
	encode(sha256(token), 'hex')
from app.seal_token where contract_id = $1::bigint and sha256(token) <> sha256

-- name: audit_entry
-- in: contract, ids [from, to)
select format('entry %s', entry_id), concat_ws(E'\t', book, kind, round(extract(epoch from posted) * 1000000),
	effective, coalesce(service_month, -1), source_leaf, coalesce(line_version::text, '-'),
	coalesce(line_kind::text, '-'), coalesce(line_item::text, '-'), coalesce(line_tier::text, '-'),
	coalesce(line_period::text, '-'), coalesce(document, '-'),
	coalesce(encode(document_sha256, 'hex'), '-'))
from app.entry where contract_id = $1::bigint and entry_id >= $2::bigint and entry_id < $3::bigint

-- name: audit_leg
-- in: contract, ids [from, to)
select format('entry %s n %s', entry_id, n), concat_ws(E'\t', book, account, debit, amount, currency)
from app.leg where contract_id = $1::bigint and entry_id >= $2::bigint and entry_id < $3::bigint

-- name: audit_document
-- in: contract, issue leaves [from, to)
select format('number %s', number), concat_ws(E'\t', kind, period, state, coalesce(cut_leaf, -1), issue_leaf, issue_day,
	due_day, currency, subtotal, tax, total, encode(sha256, 'hex'), encode(sha256(json), 'hex'))
from app.document where contract_id = $1::bigint and issue_leaf >= $2::bigint and issue_leaf < $3::bigint

-- name: audit_rendering
-- in: contract, number. A PDF can't be made again byte for byte: it must be what was hashed.
select format('number %s %s', number, media_type), case when sha256(bytes) <> sha256 then 'not as hashed'
	when media_type = 'application/pdf' then 'as hashed' else encode(sha256, 'hex') end
from app.rendering where contract_id = $1::bigint and number = $2::text

-- name: audit_cut_line
-- in: contract, cut; out: lines as in a ledger's text
select concat_ws(E'\t', 'cut', cut, version, ('{usage,fee,true_up,discount,overage,shortfall,rollover,excess,cap,sla_credit,credit,settlement,prepayment,drawdown,breakage,deposit}'::text[])[kind + 1], item, tier, period), concat_ws(E'\t', quantity, target,
	coalesce(unit_price_pico::text, '-'), trace)
from app.cut_line where contract_id = $1::bigint and cut = $2::integer

-- name: audit_period_cut
select format('period %s', period), concat_ws(E'\t', journal_size, encode(journal_root, 'hex'))
from app.period_cut where contract_id = $1::bigint

-- name: audit_completeness
-- A list of windows that is too long is not kept.
select format('period %s', period), concat_ws(E'\t', cut_leaf, expected, closed, late, missing,
	encode(list_sha256, 'hex'), case when list is null or sha256(list) = list_sha256 then 'as hashed'
		else encode(sha256(list), 'hex') end)
from app.period_completeness where contract_id = $1::bigint

-- name: audit_lock
select format('what %s', what), concat_ws(E'\t', size, encode(range, 'hex'), encode(root, 'hex'))
from app.contract_lock where contract_id = $1::bigint

-- name: audit_log_size
-- in: contract, log; out: by the counter; without one, by the leaves
select coalesce((select size from app.contract_lock where contract_id = $1::bigint and what = $2::smallint),
	(select idx + 1 from app.log_leaf where contract_id = $1::bigint and log = $2::smallint
		order by idx desc limit 1), 0)

-- name: audit_beyond_leaf
-- in: contract, log, size; out: rows that lie behind it
select format('log %s idx %s', log, idx), 'behind the log''s end' from app.log_leaf
where contract_id = $1::bigint and log = $2::smallint and idx >= $3::bigint limit 100

-- name: audit_beyond_checkpoint
select format('log %s size %s', log, size), 'larger than the log' from app.log_checkpoint
where contract_id = $1::bigint and log = $2::smallint and size > $3::bigint limit 100

-- name: audit_beyond_subtree
-- in: contract, tree, lines or leaves
select format('tree %s idx %s', tree, idx), 'behind the tree''s end' from app.subtree
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint >> 8 limit 100

-- name: audit_beyond_subtree_high
select format('tree %s level %s idx %s', tree, level, idx), 'behind the tree''s end' from app.subtree_high
where contract_id = $1::bigint and tree = $2::bigint and idx >= $3::bigint >> level limit 100

-- name: audit_beyond_entry
-- in: contract, entries
select format('entry %s', entry_id), 'behind the journal''s end' from app.entry
where contract_id = $1::bigint and entry_id >= $2::bigint limit 100

-- name: audit_beyond_leg
select format('entry %s n %s', entry_id, n), 'behind the journal''s end' from app.leg
where contract_id = $1::bigint and entry_id >= $2::bigint limit 100

-- name: audit_beyond_batch
-- in: contract, inputs size
select format('batch %s', batch_id), format('leaf %s is not in the log', leaf) from app.batch
where contract_id = $1::bigint and leaf >= $2::bigint limit 100

-- name: audit_beyond_verdict
-- in: contract, N
select format('stream %s line %s %s leaf %s', stream_id, idx, kind, leaf), 'not folded yet' from app.verdict
where contract_id = $1::bigint and leaf >= $2::bigint limit 100

-- name: audit_stream
select format('stream %s', s.stream_id), concat_ws(E'\t', s.state, s.size, encode(s.range, 'hex'),
	encode(s.root, 'hex'), coalesce(encode(sha256(s.note), 'hex'), '-'), encode(sha256(s.windows), 'hex'),
	s.closed_ms, s.side)
from app.stream s where s.contract_id = $1::bigint

-- name: audit_key_end
select format('stream %s', stream_id), concat_ws(E'\t', coalesce(revoked_leaf, -1), coalesce(closed_leaf, -1))
from app.agent_key where contract_id = $1::bigint

-- name: audit_streams
-- out: public ids of all streams
select public_id, '' from app.agent_key where contract_id = $1::bigint

-- name: audit_conflicting
-- out: streams with conflicts
select distinct stream_id::text, '' from app.conflict where contract_id = $1::bigint

-- name: audit_contract
select 'contract', c.state from app.contract c where c.contract_id = $1::bigint

-- name: audit_head
select 'head', concat_ws(E'\t', inputs_to, day, at_us, entries, tick_serial, cut_serial, issue_serial,
	documents, end_us)
from app.ledger_head where contract_id = $1::bigint

-- name: audit_measure
select concat_ws(E'\t', 'measure', version, price, period, month), quantity::text
from app.measure where contract_id = $1::bigint

-- name: audit_waiting
select concat_ws(E'\t', 'waiting', quarter_us, version, price), quantity::text
from app.waiting where contract_id = $1::bigint and quantity <> 0

-- name: audit_unbilled
select concat_ws(E'\t', 'unbilled', reason, sku, class, month), quantity::text
from app.unbilled where contract_id = $1::bigint

-- name: audit_late
select concat_ws(E'\t', 'late', quarter_us, sku, class, account, origin), quantity::text
from app.late_cell where contract_id = $1::bigint and quantity <> 0

-- name: audit_credit
select concat_ws(E'\t', 'credit', ('{usage,fee,true_up,discount,overage,shortfall,rollover,excess,cap,sla_credit,credit,settlement}'::text[])[kind + 1], serial),
concat_ws(E'\t', leaf, case when granted then 1 else 0 end, version, period, month, treatment, amount,
	coalesce(about, '-'), item, reason)
from app.credit where contract_id = $1::bigint

-- name: audit_fine
select concat_ws(E'\t', 'fine', quarter_us, version, price, period, class, account, origin), quantity::text
from app.fine where contract_id = $1::bigint and quantity <> 0

-- name: audit_accrual
select concat_ws(E'\t', 'accrual', version, ('{usage,fee,true_up,discount,overage,shortfall,rollover,excess,cap,sla_credit,credit,settlement,prepayment,drawdown,breakage,deposit}'::text[])[kind + 1], item, tier, period, month), accrued::text
from app.accrual where contract_id = $1::bigint

-- name: audit_billed
select concat_ws(E'\t', 'billed', version, ('{usage,fee,true_up,discount,overage,shortfall,rollover,excess,cap,sla_credit,credit,settlement,prepayment,drawdown,breakage,deposit}'::text[])[kind + 1], item, tier, period), concat_ws(E'\t', billed, quantity, document)
from app.billed where contract_id = $1::bigint

-- name: audit_taxed
select concat_ws(E'\t', 'taxed', document, treatment, percent_pico), concat_ws(E'\t', net, tax)
from app.taxed where contract_id = $1::bigint

-- name: audit_prepaid
select concat_ws(E'\t', 'prepaid', item), concat_ws(E'\t', document, document_sha256, net, tax, paid,
	refunded, refunded_tax, from_period)
from app.prepaid where contract_id = $1::bigint

-- name: audit_period
select concat_ws(E'\t', 'period', idx), concat_ws(E'\t', cut::integer, issued::integer, cut_leaf, cut_at_us,
	cut_to, cut_day, coalesce(document, '-'), late_from)
from app.period where contract_id = $1::bigint

-- name: audit_open_cut
-- The lines of documents that are not issued; those of others were compared at their cut.
select concat_ws(E'\t', 'cut', l.cut, l.version, ('{usage,fee,true_up,discount,overage,shortfall,rollover,excess,cap,sla_credit,credit,settlement,prepayment,drawdown,breakage,deposit}'::text[])[l.kind + 1], l.item, l.tier, l.period), concat_ws(E'\t', l.quantity, l.target,
	coalesce(l.unit_price_pico::text, '-'), l.trace)
from app.cut_line l
where l.contract_id = $1::bigint and not exists (select from app.period p
	where p.contract_id = l.contract_id and p.idx = l.cut and p.issued)

-- name: audit_balance
select concat_ws(E'\t', 'balance', account), concat_ws(E'\t', debit, credit, book)
from app.balance where contract_id = $1::bigint and (debit <> 0 or credit <> 0)

-- name: audit_usage_cell
-- in: contract, day (UTC), streams
select format('stream %s quarter %s %s %s %s', stream_id, quarter, sku, class, account), concat_ws(E'\t',
	side, records, quantity), digest
from app.usage_cell
where contract_id = $1::bigint and quarter >= $2::bigint * 96 and quarter < ($2::bigint + 1) * 96
	and stream_id = any ($3::bigint[])

-- name: audit_lost_usage_cell
-- out: cells of days that no line has
select format('stream %s quarter %s %s %s %s', stream_id, quarter, sku, class, account), 'no line has it'
from app.usage_cell u
where u.contract_id = $1::bigint and not exists (select from app.audit_progress p
	where p.contract_id = u.contract_id and p.task = 'cells' and p.part = u.stream_id
		and p.day = div(u.quarter::numeric, 96)::bigint)
limit 100

-- name: audit_catalog
-- out: everything in the schema that guards rows, as text; partitions of usage are compared with their
-- parent (audit_partitions). LF becomes a space: one object, one line.
with t as (
	select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl,
		c.relpersistence
	from pg_class c
	where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
		and not c.relispartition
), acl as (
	select t.oid, coalesce(string_agg(distinct format('%s %s%s', case when a.grantee = 0 then 'public' else
		pg_get_userbyid(a.grantee) end, a.privilege_type, case when a.is_grantable then '*' else '' end),
		', '), '-') as text
	from t cross join lateral aclexplode(t.relacl) a where a.grantee <> t.relowner group by t.oid
), objects(key, said) as (
	select format('relation app.%s', t.relname), format('kind %s persistence %s owner %s rls %s forced %s grants %s',
		t.relkind, t.relpersistence, pg_get_userbyid(t.relowner), t.relrowsecurity, t.relforcerowsecurity,
		coalesce((select a.text from acl a where a.oid = t.oid), '-'))
	from t
	union all
	select format('columns app.%s', t.relname), string_agg(format('%I %s%s%s%s%s', a.attname,
		format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end,
		case when a.attidentity <> '' then ' identity ' || a.attidentity::text else '' end,
		coalesce((select ' default ' || pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
			where d.adrelid = a.attrelid and d.adnum = a.attnum), ''),
		coalesce((select ' grants ' || string_agg(format('%s %s', pg_get_userbyid(x.grantee), x.privilege_type),
			' ' order by pg_get_userbyid(x.grantee), x.privilege_type) from aclexplode(a.attacl) x), '')),
		', ' order by a.attnum)
	from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
	where t.relkind <> 'S' group by t.relname
	union all
	select format('constraint app.%s %s', t.relname, c.conname), format('%s%s', pg_get_constraintdef(c.oid),
		case when c.convalidated then '' else ' not valid' end)
	from t join pg_constraint c on c.conrelid = t.oid
	union all
	select format('index %s', i.indexrelid::regclass), format('%s%s', pg_get_indexdef(i.indexrelid),
		case when i.indisvalid and i.indisready then '' else ' invalid' end)
	from t join pg_index i on i.indrelid = t.oid
	union all
	select format('trigger app.%s %s', t.relname, g.tgname), format('%s enabled %s', pg_get_triggerdef(g.oid),
		g.tgenabled)
	from t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
	union all
	select format('foreign keys app.%s', t.relname), string_agg(distinct format('enabled %s', g.tgenabled), ', ')
	from t join pg_trigger g on g.tgrelid = t.oid where g.tgisinternal group by t.relname
	union all
	select format('policy app.%s %s', t.relname, p.polname), format('%s %s roles %s using %s check %s', p.polcmd,
		p.polpermissive, p.polroles::text, coalesce(pg_get_expr(p.polqual, p.polrelid), '-'),
		coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'))
	from t join pg_policy p on p.polrelid = t.oid
	union all
	select format('rule app.%s %s', t.relname, r.rulename), pg_get_ruledef(r.oid)
	from t join pg_rewrite r on r.ev_class = t.oid
	union all
	select format('function %s', p.oid::regprocedure), format('owner %s definer %s body %s grants %s',
		pg_get_userbyid(p.proowner), p.prosecdef, encode(sha256(convert_to(pg_get_functiondef(p.oid), 'UTF8')),
		'hex'), coalesce((select string_agg(format('%s', case when a.grantee = 0 then 'public' else
			pg_get_userbyid(a.grantee) end), ' ' order by pg_get_userbyid(a.grantee))
			from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
			where a.grantee <> p.proowner), '-'))
	from pg_proc p where p.pronamespace = 'app'::regnamespace and p.prokind in ('f', 'p')
	union all
	select format('schema %s', n.nspname), format('owner %s grants %s', pg_get_userbyid(n.nspowner),
		coalesce((select string_agg(format('%s %s', case when a.grantee = 0 then 'public' else
			pg_get_userbyid(a.grantee) end, a.privilege_type), ', ' order by pg_get_userbyid(a.grantee),
			a.privilege_type) from aclexplode(n.nspacl) a where a.grantee <> n.nspowner), '-'))
	from pg_namespace n where n.nspname = 'app'
	union all
	select format('role %s', r.rolname), format('super %s inherit %s createrole %s createdb %s login %s '
		'replication %s bypassrls %s member of %s', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
		r.rolcanlogin, r.rolreplication, r.rolbypassrls, coalesce((select string_agg(pg_get_userbyid(m.roleid),
			' ' order by m.roleid) from pg_auth_members m where m.member = r.oid), '-'))
	from pg_roles r where r.rolname in ('ts_owner', 'ts_ingest', 'ts_service', 'ts_auditor')
	union all
	select format('event trigger %s', e.evtname), format('%s enabled %s', e.evtevent, e.evtenabled)
	from pg_event_trigger e
)
select key, regexp_replace(said, '\s+', ' ', 'g') from objects order by key collate "C"

-- name: audit_partitions
-- out: partitions of usage that are not guarded as their parent is
select format('partition app.%s', c.relname), concat_ws(', ',
	case when not (c.relrowsecurity and c.relforcerowsecurity) then 'row-level security is off' end,
	case when c.relowner <> p.relowner then 'another owner' end,
	case when exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner)
		then 'grants of its own' end,
	case when not exists (select from pg_trigger g join pg_trigger h on h.tgrelid = p.oid
			and h.tgname = g.tgname and h.tgfoid = g.tgfoid and h.tgtype = g.tgtype
		where g.tgrelid = c.oid and g.tgname = 'append_only' and g.tgenabled = 'O')
		then 'no append-only trigger' end,
	case when not exists (select from pg_policy x join pg_policy y on y.polrelid = p.oid
			and pg_get_expr(y.polqual, y.polrelid) = pg_get_expr(x.polqual, x.polrelid)
			and y.polpermissive = x.polpermissive and y.polcmd = x.polcmd
		where x.polrelid = c.oid)
			or (select count(*) from pg_policy x where x.polrelid = c.oid) <> 1
		then 'another policy' end)
from pg_class p join pg_inherits i on i.inhparent = p.oid join pg_class c on c.oid = i.inhrelid
where p.oid = 'app.usage'::regclass and not (c.relrowsecurity and c.relforcerowsecurity
	and c.relowner = p.relowner and not exists (select from aclexplode(c.relacl) a
		where a.grantee <> c.relowner)
	and exists (select from pg_trigger g join pg_trigger h on h.tgrelid = p.oid and h.tgname = g.tgname
			and h.tgfoid = g.tgfoid and h.tgtype = g.tgtype
		where g.tgrelid = c.oid and g.tgname = 'append_only' and g.tgenabled = 'O')
	and exists (select from pg_policy x join pg_policy y on y.polrelid = p.oid
			and pg_get_expr(y.polqual, y.polrelid) = pg_get_expr(x.polqual, x.polrelid)
			and y.polpermissive = x.polpermissive and y.polcmd = x.polcmd
		where x.polrelid = c.oid)
	and (select count(*) from pg_policy x where x.polrelid = c.oid) = 1)
order by c.relname

-- name: audit_migrations
-- out: what the database says that it has
select format('migration %s', position), concat_ws(E'\t', name, encode(sha256, 'hex'))
from app.schema_migration
