-- SPDX-License-Identifier: Apache-2.0
-- Entries, balances, documents, seals.

-- name: posting_add
-- in: contract, currency; arrays of entry id, book, kind, posted, effective, service month, source,
-- line version, kind, item, tier, period, document, its hash; arrays of leg entry, n, book, account,
-- debit, amount; arrays of leaf log, idx, kind, hash, data; created; arrays of subtree tree, idx, hash;
-- arrays of log, size, range, root. All that an event appends, in one statement, so that the balance
-- check sees it whole.
with l as (
	insert into app.log_leaf (contract_id, log, idx, kind, hash, data, created)
	select $1::bigint, t.log, t.idx, t.kind, t.hash, t.data, $28::timestamptz
	from unnest($23::smallint[], $24::bigint[], $25::smallint[], $26::bytea[], $27::bytea[])
		t(log, idx, kind, hash, data)
), s as (
	insert into app.subtree (contract_id, tree, idx, hash)
	select $1::bigint, t.tree, t.idx, t.hash
	from unnest($29::bigint[], $30::bigint[], $31::bytea[]) t(tree, idx, hash)
), c as (
	update app.contract_lock k set size = t.size, range = t.range, root = t.root
	from unnest($32::smallint[], $33::bigint[], $34::bytea[], $35::bytea[]) t(log, size, range, root)
	where k.contract_id = $1::bigint and k.what = t.log
), e as (
	insert into app.entry (contract_id, entry_id, book, kind, posted, effective, service_month,
		source_leaf, line_version, line_kind, line_item, line_tier, line_period, document,
		document_sha256)
	select $1::bigint, t.* from unnest($3::bigint[], $4::smallint[], $5::text[], $6::timestamptz[],
		$7::date[], $8::integer[], $9::bigint[], $10::integer[], $11::smallint[], $12::integer[],
		$13::integer[], $14::integer[], $15::text[], $16::bytea[]) t
	returning 1
)
insert into app.leg (contract_id, entry_id, n, book, account, debit, amount, currency)
select $1::bigint, t.entry_id, t.n, t.book, t.account, t.debit, t.amount, $2::text
from unnest($17::bigint[], $18::smallint[], $19::smallint[], $20::text[], $21::boolean[], $22::bigint[])
	t(entry_id, n, book, account, debit, amount)
where (select count(*) from e) > 0

-- name: entry_list
-- in: contract, after, limit, book (-1: any), effective [from, to) (null: any), document (null: any),
-- source leaf (-1: any), account (null: any); out: one row per leg, at least one per entry
select e.entry_id, e.book, e.kind, e.posted, e.effective, e.service_month, e.source_leaf, e.line_version,
	e.line_kind, e.line_item, e.line_tier, e.line_period, e.document, e.document_sha256, l.account, l.debit, l.amount
from (
	select * from app.entry
	where contract_id = $1::bigint and entry_id > $2::bigint
		and ($4::smallint < 0 or book = $4::smallint)
		and ($5::date is null or effective >= $5::date) and ($6::date is null or effective < $6::date)
		and ($7::text is null or document = $7::text)
		and ($8::bigint < 0 or source_leaf = $8::bigint)
		and ($9::text is null or exists (select from app.leg a where a.contract_id = entry.contract_id
			and a.entry_id = entry.entry_id and a.account = $9::text))
	order by entry_id limit $3::integer
) e
left join app.leg l using (contract_id, entry_id)
order by e.entry_id, l.n

-- name: balance_list
select b.account, a.number, a.title, b.debit, b.credit
from app.balance b left join app.account a on a.contract_id = b.contract_id and a.role = b.account
where b.contract_id = $1::bigint order by b.book, b.account

-- name: balance_as_of
-- in: contract, day (null: all). Recomputed from legs.
select l.account, a.number, a.title, sum(l.amount) filter (where l.debit),
	sum(l.amount) filter (where not l.debit)
from app.entry e
join app.leg l using (contract_id, entry_id)
left join app.account a on a.contract_id = l.contract_id and a.role = l.account
where e.contract_id = $1::bigint and ($2::date is null or e.effective <= $2::date)
group by l.book, l.account, a.number, a.title order by l.book, l.account

-- name: balance_check
-- in: contract; out: accounts whose kept totals are not the sums of their legs
select count(*) from (
	select account, coalesce(sum(amount) filter (where debit), 0) as debit,
		coalesce(sum(amount) filter (where not debit), 0) as credit
	from app.leg where contract_id = $1::bigint group by account
) l full join (select account, debit, credit from app.balance where contract_id = $1::bigint
	and (debit, credit) <> (0, 0)) b
	using (account)
where l.debit is distinct from b.debit::numeric or l.credit is distinct from b.credit::numeric

-- name: account_map
insert into app.account (contract_id, book, role, number, title)
values ($1::bigint, $2::smallint, $3::text, $4::text, $5::text)
on conflict (contract_id, role) do update set number = excluded.number, title = excluded.title

-- name: seal_add
insert into app.seal (contract_id, book, through, leaf, note)
values ($1::bigint, $2::smallint, $3::date, $4::bigint, $5::bytea)

-- name: seal_through
select max(through) from app.seal where contract_id = $1::bigint and book = $2::smallint

-- name: document_reserve
insert into app.document (contract_id, number, period, cut_leaf, issue_leaf)
values ($1::bigint, $2::text, $3::integer, $4::bigint, $5::bigint)

-- name: document_issue
update app.document set state = 'issued', kind = $3::smallint, issue_day = $4::date, due_day = $5::date,
	currency = $6::text, subtotal = $7::bigint, tax = $8::bigint, total = $9::bigint, sha256 = $10::bytea,
	json = $11::bytea
where contract_id = $1::bigint and number = $2::text and state = 'reserved'

-- name: document_void
update app.document set state = 'void', void_reason = $3::text
where contract_id = $1::bigint and number = $2::text and state = 'reserved'

-- name: document_get
select number, kind, period, state, cut_leaf, issue_leaf, issue_day, due_day, currency, subtotal, tax,
	total, sha256, json, void_reason
from app.document where contract_id = $1::bigint and number = $2::text

-- name: document_find
-- in: number; out: contracts of the scope that issued a document with it, two at most
select contract_id from app.document where number = $1::text and state = 'issued'
order by contract_id limit 2

-- name: document_list
-- in: contract, after (issue leaf), limit
select number, kind, period, state, cut_leaf, issue_leaf, issue_day, due_day, currency, subtotal, tax,
	total, sha256, null::bytea, void_reason
from app.document where contract_id = $1::bigint and issue_leaf > $2::bigint
order by issue_leaf limit $3::integer

-- name: rendering_add
insert into app.rendering (contract_id, number, media_type, sha256, bytes)
values ($1::bigint, $2::text, $3::text, $4::bytea, $5::bytea)
on conflict do nothing

-- name: rendering_get
select sha256, bytes from app.rendering
where contract_id = $1::bigint and number = $2::text and media_type = $3::text
