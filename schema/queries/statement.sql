-- SPDX-License-Identifier: Apache-2.0
-- The desk of statements, and what a revocation leans on.

-- name: statement_get
-- in: contract, hash of the text
select statement_id, sha256, kind, serial, side, note, posted, leaf, counter_leaf, refused
from app.statement where contract_id = $1::bigint and sha256 = $2::bytea

-- name: statement_list
-- in: contract, kind (null: any), after, limit
select statement_id, sha256, kind, serial, side, note, posted, leaf, counter_leaf, refused
from app.statement
where contract_id = $1::bigint and ($2::text is null or kind = $2::text) and statement_id > $3::bigint
order by statement_id limit $4::integer

-- name: statement_add
-- in: contract, hash, kind, serial (null: none), side, note, posted
insert into app.statement (contract_id, sha256, kind, serial, side, note, posted)
values ($1::bigint, $2::bytea, $3::text, $4::bigint, $5::smallint, $6::bytea, $7::timestamptz)

-- name: statement_change
-- in: contract, hash, note, leaf, countersignature's leaf, refusal (nulls: none)
update app.statement
set note = $3::bytea, leaf = $4::bigint, counter_leaf = $5::bigint, refused = $6::text
where contract_id = $1::bigint and sha256 = $2::bytea

-- name: statement_serial
-- in: contract, kind; out: the next one
select coalesce(max(serial), 0) + 1 from app.statement
where contract_id = $1::bigint and kind = $2::text and leaf is not null

-- name: statement_waiting
-- in: contract, side; out: how many that this side began are not in the log
select count(*) from app.statement
where contract_id = $1::bigint and side = $2::smallint and leaf is null

-- name: statement_supersede
-- in: contract, kind, serial, refusal: those that wait with a serial that is taken now
update app.statement set refused = $4::text
where contract_id = $1::bigint and kind = $2::text and serial = $3::bigint and leaf is null

-- name: cosigned_before
-- in: contract, log, witnesses' key names, how many of them, instant in ms; out: the largest size that
-- so many had cosigned before it, of each the earliest cosignature; 0: none
select coalesce(max(w.size), 0) from (
	select c.size from (
		select s.size, s.key_name from app.log_cosignature s
		where s.contract_id = $1::bigint and s.log = $2::smallint and s.key_name = any ($3::text[])
		group by s.size, s.key_name having min(s.time_s) * 1000 < $5::bigint
	) c group by c.size having count(*) >= $4::bigint
) w

-- name: seal_last
-- in: contract; out: the note of each book's last seal
select distinct on (book) note from app.seal where contract_id = $1::bigint
order by book, through desc
