-- SPDX-License-Identifier: Apache-2.0
-- Exports of a book.

-- name: journal_export_add
-- in: contract, book, kinds, created. No row when these kinds have no entry that is new.
with kind as (
	select k.kind, k.place, coalesce((select max(x.up_to) from app.journal_export x
		where x.contract_id = $1::bigint and x.book = $2::smallint and k.kind = any (x.kinds)), -1) as taken
	from unnest($3::text[]) with ordinality k(kind, place)
), fresh as (
	select count(*) as entries, max(e.entry_id) as up_to
	from app.entry e join kind k on k.kind = e.kind
	where e.contract_id = $1::bigint and e.book = $2::smallint and e.entry_id > k.taken
)
insert into app.journal_export (contract_id, book, number, kinds, after_entry, up_to, entries, created)
select $1::bigint, $2::smallint,
	(select coalesce(max(number), 0) + 1 from app.journal_export
		where contract_id = $1::bigint and book = $2::smallint),
	(select array_agg(kind order by place) from kind), (select array_agg(taken order by place) from kind),
	fresh.up_to, fresh.entries, $4::timestamptz
from fresh where fresh.entries > 0
returning number

-- name: journal_export_list
-- in: contract, book (-1: those in scope), number (0: all); a row per kind
select x.book, x.number, x.up_to, x.entries, x.created, k.kind, k.after_entry
from app.journal_export x, unnest(x.kinds, x.after_entry) with ordinality k(kind, after_entry, place)
where x.contract_id = $1::bigint and ($2::smallint < 0 or x.book = $2::smallint)
	and ($3::integer = 0 or x.number = $3::integer)
order by x.book, x.number, k.place
