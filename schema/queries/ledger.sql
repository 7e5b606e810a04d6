-- SPDX-License-Identifier: Apache-2.0
-- State rows of the pure ledger: all of a contract's in, the dirty ones out.

-- name: head_get
select inputs_to, day, at_us, entries, tick_serial, cut_serial, issue_serial, documents, end_us
from app.ledger_head where contract_id = $1::bigint

-- name: head_put
insert into app.ledger_head (contract_id, inputs_to, day, at_us, entries, tick_serial, cut_serial,
	issue_serial, documents, end_us)
values ($1::bigint, $2::bigint, $3::integer, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
	$9::bigint, $10::bigint)
on conflict (contract_id) do update set inputs_to = excluded.inputs_to, day = excluded.day,
	at_us = excluded.at_us, entries = excluded.entries, tick_serial = excluded.tick_serial,
	cut_serial = excluded.cut_serial, issue_serial = excluded.issue_serial,
	documents = excluded.documents, end_us = excluded.end_us

-- name: measure_get
select version, price, period, month, quantity from app.measure where contract_id = $1::bigint

-- name: measure_put
insert into app.measure (contract_id, version, price, period, month, quantity)
select $1::bigint, t.* from unnest($2::integer[], $3::integer[], $4::integer[], $5::integer[],
	$6::numeric[]) t
on conflict (contract_id, version, price, period, month) do update set quantity = excluded.quantity

-- name: fine_get
select quarter_us, version, price, period, class, account, origin, quantity from app.fine
where contract_id = $1::bigint

-- name: fine_put
insert into app.fine (contract_id, quarter_us, version, price, period, class, account, origin, quantity)
select $1::bigint, t.* from unnest($2::bigint[], $3::integer[], $4::integer[], $5::integer[], $6::text[],
	$7::text[], $8::text[], $9::numeric[]) t
on conflict (contract_id, quarter_us, version, price, class, account, origin)
do update set quantity = excluded.quantity

-- name: waiting_get
select quarter_us, version, price, quantity from app.waiting where contract_id = $1::bigint

-- name: waiting_put
insert into app.waiting (contract_id, quarter_us, version, price, quantity)
select $1::bigint, t.* from unnest($2::bigint[], $3::integer[], $4::integer[], $5::numeric[]) t
on conflict (contract_id, quarter_us, version, price) do update set quantity = excluded.quantity

-- name: waiting_drop
-- Released rows are of no use any more.
delete from app.waiting where contract_id = $1::bigint and quantity = 0

-- name: unbilled_get
select reason, sku, class, month, quantity from app.unbilled where contract_id = $1::bigint
order by month, reason, sku, class

-- name: unbilled_put
insert into app.unbilled (contract_id, reason, sku, class, month, quantity)
select $1::bigint, t.* from unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::numeric[]) t
on conflict (contract_id, reason, sku, class, month) do update set quantity = excluded.quantity

-- name: late_get
select quarter_us, sku, class, account, origin, quantity from app.late_cell where contract_id = $1::bigint

-- name: late_put
insert into app.late_cell (contract_id, quarter_us, sku, class, account, origin, quantity)
select $1::bigint, t.* from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
	$7::numeric[]) t
on conflict (contract_id, quarter_us, sku, class, account, origin) do update set quantity = excluded.quantity

-- name: accrual_get
select version, kind, item, tier, period, month, accrued from app.accrual where contract_id = $1::bigint

-- name: accrual_put
insert into app.accrual (contract_id, version, kind, item, tier, period, month, accrued)
select $1::bigint, t.* from unnest($2::integer[], $3::smallint[], $4::integer[], $5::integer[],
	$6::integer[], $7::integer[], $8::bigint[]) t
on conflict (contract_id, version, kind, item, tier, period, month) do update
set accrued = excluded.accrued

-- name: billed_get
select version, kind, item, tier, period, billed, quantity, document from app.billed
where contract_id = $1::bigint

-- name: billed_put
insert into app.billed (contract_id, version, kind, item, tier, period, billed, quantity, document)
select $1::bigint, t.* from unnest($2::integer[], $3::smallint[], $4::integer[], $5::integer[],
	$6::integer[], $7::bigint[], $8::numeric[], $9::text[]) t
on conflict (contract_id, version, kind, item, tier, period) do update
set billed = excluded.billed, quantity = excluded.quantity, document = excluded.document

-- name: taxed_get
select document, treatment, percent_pico, net, tax from app.taxed where contract_id = $1::bigint

-- name: taxed_put
insert into app.taxed (contract_id, document, treatment, percent_pico, net, tax)
select $1::bigint, t.* from unnest($2::text[], $3::integer[], $4::numeric[], $5::bigint[], $6::bigint[]) t
on conflict (contract_id, document, treatment, percent_pico) do update
set net = excluded.net, tax = excluded.tax

-- name: period_get
select idx, cut, issued, cut_leaf, cut_at_us, cut_to, cut_day, document, late_from from app.period
where contract_id = $1::bigint order by idx

-- name: period_put
insert into app.period (contract_id, idx, cut, issued, cut_leaf, cut_at_us, cut_to, cut_day, document,
	late_from)
select $1::bigint, t.* from unnest($2::integer[], $3::boolean[], $4::boolean[], $5::bigint[],
	$6::bigint[], $7::bigint[], $8::integer[], $9::text[], $10::bigint[]) t
on conflict (contract_id, idx) do update set cut = excluded.cut, issued = excluded.issued,
	cut_leaf = excluded.cut_leaf, cut_at_us = excluded.cut_at_us, cut_to = excluded.cut_to,
	cut_day = excluded.cut_day, document = excluded.document, late_from = excluded.late_from

-- name: cut_get
select cut, version, kind, item, tier, period, quantity, target, unit_price_pico, trace
from app.cut_line where contract_id = $1::bigint

-- name: cut_put
insert into app.cut_line (contract_id, cut, version, kind, item, tier, period, quantity, target,
	unit_price_pico, trace)
select $1::bigint, t.* from unnest($2::integer[], $3::integer[], $4::smallint[], $5::integer[],
	$6::integer[], $7::integer[], $8::numeric[], $9::bigint[], $10::numeric[], $11::text[]) t

-- name: prepaid_get
select item, document, document_sha256, net, tax, paid, refunded, refunded_tax, from_period
from app.prepaid where contract_id = $1::bigint order by item

-- name: prepaid_put
insert into app.prepaid (contract_id, item, document, document_sha256, net, tax, paid, refunded,
	refunded_tax, from_period)
select $1::bigint, t.* from unnest($2::integer[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
	$7::bigint[], $8::bigint[], $9::bigint[], $10::integer[]) t
on conflict (contract_id, item) do update set paid = excluded.paid, refunded = excluded.refunded,
	refunded_tax = excluded.refunded_tax, from_period = excluded.from_period

-- name: balance_get
select account, debit, credit from app.balance where contract_id = $1::bigint

-- name: balance_put
insert into app.balance (contract_id, book, account, debit, credit)
select $1::bigint, t.* from unnest($2::smallint[], $3::text[], $4::bigint[], $5::bigint[]) t
on conflict (contract_id, account) do update set debit = excluded.debit, credit = excluded.credit

-- name: credit_get
select kind, serial, leaf, granted, version, period, month, treatment, amount, about, item, reason
from app.credit where contract_id = $1::bigint

-- name: credit_put
insert into app.credit (contract_id, kind, serial, leaf, granted, version, period, month, treatment, amount,
	about, item, reason)
select $1::bigint, t.* from unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::integer[],
	$7::integer[], $8::integer[], $9::integer[], $10::bigint[], $11::text[], $12::text[], $13::text[]) t
