-- SPDX-License-Identifier: Apache-2.0
-- Cosignatures and what they publish.

-- name: version_newest
-- in: contract, version known to the caller (its terms are not sent again)
select version, case when version <> $2::bigint then terms end from app.contract_version
where contract_id = $1::bigint and leaf is not null
order by version desc limit 1

-- name: cosigned_last
-- in: contract, log, witness; out: the largest size that it has cosigned
select size, time_s from app.log_cosignature
where contract_id = $1::bigint and log = $2::smallint and key_name = $3::text
order by size desc limit 1

-- name: published_add
insert into app.log_published (contract_id, log, size, met_s, published)
values ($1::bigint, $2::smallint, $3::bigint, $4::bigint, $5::timestamptz)
on conflict do nothing

-- name: published_last
-- in: contract, log, largest size
select size, met_s from app.log_published
where contract_id = $1::bigint and log = $2::smallint and size <= $3::bigint
order by size desc limit 1

-- name: published_covering
-- in: contract, log, smallest size, latest time of the quorum
select size, met_s from app.log_published
where contract_id = $1::bigint and log = $2::smallint and size >= $3::bigint and met_s <= $4::bigint
order by size limit 1

-- name: checkpoint_notes
-- in: contract, log, sizes (behind, up to), also without cosignatures, limit; out: checkpoints with all
-- their cosignatures
select c.size, c.note || coalesce((select string_agg(s.line, ''::bytea order by s.time_s, s.key_name)
	from app.log_cosignature s
	where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size), ''::bytea)
from app.log_checkpoint c
where c.contract_id = $1::bigint and c.log = $2::smallint and c.size > $3::bigint
	and c.size <= $4::bigint and ($5::boolean or exists (select from app.log_cosignature s
		where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size))
order by c.size limit $6::integer

-- name: pair_published
-- in: contract, largest inputs size; out: the newest pair that a quorum has cosigned in both logs
select p.inputs_size, p.journal_size from app.log_pair p
where p.contract_id = $1::bigint and p.inputs_size <= $2::bigint
	and exists (select from app.log_published i
		where i.contract_id = p.contract_id and i.log = 0 and i.size = p.inputs_size)
	and (p.journal_size is null or exists (select from app.log_published j
		where j.contract_id = p.contract_id and j.log = 1 and j.size = p.journal_size))
order by p.inputs_size desc limit 1
