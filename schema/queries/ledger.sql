-- SPDX-License-Identifier: Apache-2.0
-- State rows of the pure ledger: all of a contract's in, the dirty ones out.

-- name: head_get
-- These three as ledger_get has them.
select 0::smallint, inputs_to, day::bigint, at_us, entries, tick_serial, cut_serial, issue_serial,
	documents, end_us
from app.ledger_head where contract_id = $1::bigint

-- name: unbilled_get
select 4::smallint, month::bigint, 0, 0, 0, 0, 0, 0, 0, 0, quantity, null::numeric, reason, sku, class
from app.unbilled where contract_id = $1::bigint
order by month, reason, sku, class

-- name: period_get
select 9::smallint, idx::bigint, cut::integer::bigint, issued::integer::bigint, cut_leaf, cut_at_us,
	cut_to, cut_day::bigint, late_from, 0, null::numeric, null::numeric, document
from app.period where contract_id = $1::bigint order by idx

-- name: ledger_get
-- All rows of a contract's ledger in one layout: a kind (store/ledger_layout.h), its whole
-- numbers, then its quantities, then its texts, in the order of the wrapper. Kind 100: the versions in
-- force; 101: the size of the inputs log; 102: the highest steps of use that were reached in the last
-- period that reached any, and in the one before it.
select * from (
select 0::smallint as kind, inputs_to as i1, day::bigint as i2, at_us as i3, entries as i4,
	tick_serial as i5, cut_serial as i6, issue_serial as i7, documents as i8, end_us as i9,
	null::numeric as q1, null::numeric as q2, null::text as t1, null::text as t2,
	null::text as t3, null::text as t4, null::bytea as b1, null::bytea as b2
from app.ledger_head where contract_id = $1::bigint
union all
select 1::smallint, version, price, period, month, null, null, null, null, null, quantity,
	null, null, null, null, null, null, null
from app.measure where contract_id = $1::bigint
union all
select 2::smallint, quarter_us, version, price, period, null, null, null, null, null, quantity,
	null, class, account, origin, null, null, null
from app.fine where contract_id = $1::bigint
union all
select 3::smallint, quarter_us, version, price, null, null, null, null, null, null, quantity,
	null, null, null, null, null, null, null
from app.waiting where contract_id = $1::bigint
union all
select 4::smallint, month, null, null, null, null, null, null, null, null, quantity, null,
	reason, sku, class, null, null, null
from app.unbilled where contract_id = $1::bigint
union all
select 5::smallint, quarter_us, null, null, null, null, null, null, null, null, quantity, null,
	sku, class, account, origin, null, null
from app.late_cell where contract_id = $1::bigint
union all
select 6::smallint, version, kind, item, tier, period, month, accrued, null, null, null, null,
	null, null, null, null, null, null
from app.accrual where contract_id = $1::bigint
union all
select 7::smallint, version, kind, item, tier, period, billed, null, null, null, quantity,
	null, document, null, null, null, null, null
from app.billed where contract_id = $1::bigint
union all
select 8::smallint, treatment, net, tax, null, null, null, null, null, null, percent_pico,
	null, document, null, null, null, null, null
from app.taxed where contract_id = $1::bigint
union all
select 9::smallint, idx, cut::integer, issued::integer, cut_leaf, cut_at_us, cut_to, cut_day,
	late_from, null, null, null, document, null, null, null, null, null
from app.period where contract_id = $1::bigint
union all
select 10::smallint, cut, version, kind, item, tier, period, target, null, null, quantity,
	unit_price_pico, trace, null, null, null, null, null
from app.cut_line where contract_id = $1::bigint
union all
select 11::smallint, book, debit, credit, null, null, null, null, null, null, null, null,
	account, null, null, null, null, null
from app.balance where contract_id = $1::bigint
union all
select 12::smallint, kind, serial, leaf, granted::integer, version, period, month, treatment, amount,
	null, null, about, item, reason, null, null, null
from app.credit where contract_id = $1::bigint
union all
select 13::smallint, item, net, tax, paid, refunded, refunded_tax, from_period, null, null, null,
	null, document, document_sha256, null, null, null, null
from app.prepaid where contract_id = $1::bigint
union all
select 100::smallint, version, leaf, null, null, null, null, null, null, null, null, null,
	null, null, null, null, terms, statement
from app.contract_version where contract_id = $1::bigint and leaf is not null and withdrawn is null
union all
select 101::smallint, size, null, null, null, null, null, null, null, null, null, null, null, null, null,
	null, null, null
from app.contract_lock where contract_id = $1::bigint and what = 0
union all
select 102::smallint, period, max(percent), null, null, null, null, null, null, null, null, null,
	kind, item, null, null, null, null
from app.threshold where contract_id = $1::bigint
	and period >= (select max(t.period) - 1 from app.threshold t where t.contract_id = $1::bigint)
group by period, kind, item
) r order by kind, i1

-- name: ledger_put
-- in: contract, arrays of rows in the layout of ledger_get, then those of keys of batches (batch, kind,
-- value), the event's time. One statement: whatever an event changes costs the same round trip.
-- Released quantities that wait no more leave no row. Kind 90: steps of use (period, percent; kind,
-- item, type and data of the companies' event), each of which is told once, whatever the caller knew.
with r as materialized (
	select * from unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
		$7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::numeric[],
		$13::numeric[], $14::text[], $15::text[], $16::text[], $17::text[])
		r(kind, i1, i2, i3, i4, i5, i6, i7, i8, i9, q1, q2, t1, t2, t3, t4)
), head as (
	insert into app.ledger_head (contract_id, inputs_to, day, at_us, entries,
		tick_serial, cut_serial, issue_serial, documents, end_us)
	select $1::bigint, i1, i2::integer, i3, i4, i5, i6, i7, i8, i9 from
		r where kind = 0
	on conflict (contract_id)
	do update set inputs_to = excluded.inputs_to, day = excluded.day,
		at_us = excluded.at_us, entries = excluded.entries,
		tick_serial = excluded.tick_serial, cut_serial = excluded.cut_serial,
		issue_serial = excluded.issue_serial, documents = excluded.documents,
		end_us = excluded.end_us
), measure as (
	insert into app.measure (contract_id, version, price, period, month, quantity)
	select $1::bigint, i1::integer, i2::integer, i3::integer, i4::integer, q1 from
		r where kind = 1
	on conflict (contract_id, version, price, period, month)
	do update set quantity = excluded.quantity
), fine as (
	insert into app.fine (contract_id, quarter_us, version, price, period, class,
		account, origin, quantity)
	select $1::bigint, i1, i2::integer, i3::integer, i4::integer, t1, t2, t3, q1
		from r where kind = 2
	on conflict (contract_id, quarter_us, version, price, class, account, origin)
	do update set quantity = excluded.quantity
), waiting as (
	insert into app.waiting (contract_id, quarter_us, version, price, quantity)
	select $1::bigint, i1, i2::integer, i3::integer, q1 from r where kind = 3 and q1
		<> 0
	on conflict (contract_id, quarter_us, version, price)
	do update set quantity = excluded.quantity
), unbilled as (
	insert into app.unbilled (contract_id, month, reason, sku, class, quantity)
	select $1::bigint, i1::integer, t1, t2, t3, q1 from r where kind = 4
	on conflict (contract_id, reason, sku, class, month)
	do update set quantity = excluded.quantity
), late as (
	insert into app.late_cell (contract_id, quarter_us, sku, class, account, origin,
		quantity)
	select $1::bigint, i1, t1, t2, t3, t4, q1 from r where kind = 5
	on conflict (contract_id, quarter_us, sku, class, account, origin)
	do update set quantity = excluded.quantity
), accrual as (
	insert into app.accrual (contract_id, version, kind, item, tier, period, month,
		accrued)
	select $1::bigint, i1::integer, i2::smallint, i3::integer, i4::integer,
		i5::integer, i6::integer, i7 from r where kind = 6
	on conflict (contract_id, version, kind, item, tier, period, month)
	do update set accrued = excluded.accrued
), billed as (
	insert into app.billed (contract_id, version, kind, item, tier, period, billed,
		quantity, document)
	select $1::bigint, i1::integer, i2::smallint, i3::integer, i4::integer,
		i5::integer, i6, q1, t1 from r where kind = 7
	on conflict (contract_id, version, kind, item, tier, period)
	do update set billed = excluded.billed, quantity = excluded.quantity,
		document = excluded.document
), taxed as (
	insert into app.taxed (contract_id, treatment, net, tax, percent_pico, document)
	select $1::bigint, i1::integer, i2, i3, q1, t1 from r where kind = 8
	on conflict (contract_id, document, treatment, percent_pico)
	do update set net = excluded.net, tax = excluded.tax
), period as (
	insert into app.period (contract_id, idx, cut, issued, cut_leaf, cut_at_us,
		cut_to, cut_day, late_from, document)
	select $1::bigint, i1::integer, i2::integer::boolean, i3::integer::boolean, i4,
		i5, i6, i7::integer, i8, t1 from r where kind = 9
	on conflict (contract_id, idx)
	do update set cut = excluded.cut, issued = excluded.issued,
		cut_leaf = excluded.cut_leaf, cut_at_us = excluded.cut_at_us,
		cut_to = excluded.cut_to, cut_day = excluded.cut_day,
		late_from = excluded.late_from, document = excluded.document
), cut as (
	insert into app.cut_line (contract_id, cut, version, kind, item, tier, period,
		target, quantity, unit_price_pico, trace)
	select $1::bigint, i1::integer, i2::integer, i3::smallint, i4::integer,
		i5::integer, i6::integer, i7, q1, q2, t1 from r where kind = 10
), balance as (
	insert into app.balance (contract_id, book, debit, credit, account)
	select $1::bigint, i1::smallint, i2, i3, t1 from r where kind = 11
	on conflict (contract_id, account)
	do update set debit = excluded.debit, credit = excluded.credit
), credit as (
	insert into app.credit (contract_id, kind, serial, leaf, granted, version, period,
		month, treatment, amount, about, item, reason)
	select $1::bigint, i1::smallint, i2, i3, i4::integer::boolean, i5::integer,
		i6::integer, i7::integer, i8::integer, i9, t1, t2, t3 from r where kind = 12
), prepaid as (
	insert into app.prepaid (contract_id, item, net, tax, paid, refunded, refunded_tax,
		from_period, document, document_sha256)
	select $1::bigint, i1::integer, i2, i3, i4, i5, i6, i7::integer, t1, t2 from r
		where kind = 13
	on conflict (contract_id, item)
	do update set paid = excluded.paid, refunded = excluded.refunded,
		refunded_tax = excluded.refunded_tax, from_period = excluded.from_period
), reached as (
	insert into app.threshold (contract_id, period, kind, item, percent, at)
	select $1::bigint, i1::integer, t1, t2, i2::smallint, $21::timestamptz from r
	where kind = 90
	on conflict do nothing
	returning period, kind, item, percent
), told as (
	insert into app.event (contract_id, type, at, data)
	select $1::bigint, r.t3, $21::timestamptz, r.t4 from r join reached n on r.kind = 90
		and n.period = r.i1 and n.kind = r.t1 and n.item = r.t2 and n.percent = r.i2
	order by r.i1, r.t1, r.t2, r.i2
	returning event_id
), queued as (
	insert into app.event_queue (contract_id, event_id) select $1::bigint, event_id from told
), released as (
	delete from app.waiting w using r
	where r.kind = 3 and r.q1 = 0 and w.contract_id = $1::bigint and w.quarter_us = r.i1
		and w.version = r.i2 and w.price = r.i3
)
insert into app.batch_key (contract_id, batch_id, kind, value)
select $1::bigint, k.* from unnest($18::bigint[], $19::smallint[], $20::text[]) k on conflict do nothing

-- name: settle_news
-- in: contract, leaves [from, to), most work of one event; out: what they hold. Kind 0, once: where an
-- event ends that takes no more than that (u1 lines and cells; the first upload always; an r1 may cost
-- the look-up of a batch of its own and counts for a hundred, an upload of an older stream that reaches
-- over a handover costs a walk over the newer one's lines there: 25,000), the number of uploads below
-- it, and of those that have something to decide (batch_judged). Then below that end, kind 1: leaves
-- that are no uploads (index, kind, data); kind 2: uploads with usage (batch, bytes, packed lines).
with b as materialized (
	select * from app.batch b
	where b.contract_id = $1::bigint and b.leaf >= $2::bigint and b.leaf < $3::bigint order by b.leaf
), t as (
	select b.leaf, row_number() over w as number,
		sum(b.usage_n + 100 * b.reversal_n + c.cells
			+ case when exists (select from app.handover h where h.contract_id = b.contract_id
				and h.older_id = b.stream_id and b.latest_ms > h.from_ms) then 25000 else 0 end
			) over w as work
	from b
	cross join lateral (select count(*) as cells from app.batch_cell c
		where c.contract_id = b.contract_id and c.batch_id = b.batch_id offset 0) c
	window w as (order by b.leaf)
), e as materialized (
	select coalesce(min(t.leaf), $3::bigint) as leaf from t where t.number > 1 and t.work > $4::bigint
), n as materialized (
	select b.*, b.reversal_n > 0 or cardinality(b.suspects) > 0
		or exists (select from app.handover h where h.contract_id = b.contract_id
			and (h.newer_id = b.stream_id and b.earliest_ms < h.from_ms + 2678400000
				or h.older_id = b.stream_id and b.latest_ms > h.from_ms)) as judged
	from b where b.leaf < (select leaf from e)
)
select * from (
select 0::smallint as kind, e.leaf as i1, (select count(*) from n) as i2,
	(select count(*) from n where n.judged) as i3, null::bytea as data from e
union all
select 1::smallint, l.idx, l.kind, null, l.data from app.log_leaf l
where l.contract_id = $1::bigint and l.log = 0 and l.idx >= $2::bigint and l.idx < $3::bigint
	and l.idx < (select leaf from e) and l.kind <> 4
union all
select 2::smallint, n.batch_id, n.lines_bytes, n.leaf, n.lines from n where n.usage_n > 0
) r order by kind, i1
