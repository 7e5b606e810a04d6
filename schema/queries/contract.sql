-- SPDX-License-Identifier: Apache-2.0
-- Contracts, versions, logs, streams.

-- name: directory_add
insert into app.directory (public_id, provider_party, consumer_party)
values ($1::text, $2::bigint, $3::bigint) returning contract_id

-- name: contract_add
-- in: contract, root of an empty log
with c as (
	insert into app.contract (contract_id, state) values ($1::bigint, 'offered') returning contract_id
)
insert into app.contract_lock (contract_id, what, root)
select c.contract_id, w, $2::bytea from c, generate_series(0, 3) w

-- name: directory_find
select contract_id, public_id, provider_party, consumer_party from app.directory
where public_id = $1::text

-- name: directory_get
select contract_id, public_id, provider_party, consumer_party from app.directory
where contract_id = $1::bigint

-- name: directory_list
-- in: party (0: all), after, limit
select contract_id, public_id, provider_party, consumer_party from app.directory
where ($1::bigint = 0 or $1::bigint in (provider_party, consumer_party)) and contract_id > $2::bigint
order by contract_id limit $3::integer

-- name: contract_get
select d.contract_id, d.public_id, d.provider_party, d.consumer_party, c.state
from app.contract c join app.directory d using (contract_id) where c.contract_id = $1::bigint

-- name: contract_set_state
update app.contract set state = $2::text where contract_id = $1::bigint

-- name: version_add
-- in: contract, version, terms, its hash, statement, its hash, note, offered
insert into app.contract_version (contract_id, version, terms, terms_sha256, statement, statement_sha256,
	note, offered)
values ($1::bigint, $2::bigint, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::bytea, $8::timestamptz)
on conflict do nothing

-- name: version_sign
update app.contract_version set note = $3::bytea
where contract_id = $1::bigint and version = $2::bigint and leaf is null and withdrawn is null

-- name: version_enforce
update app.contract_version set leaf = $3::bigint
where contract_id = $1::bigint and version = $2::bigint and leaf is null and withdrawn is null

-- name: version_withdraw
-- in: contract, version, when; the standing offer that is not in force
update app.contract_version set withdrawn = $3::timestamptz
where contract_id = $1::bigint and version = $2::bigint and leaf is null and withdrawn is null

-- name: version_list
-- in: contract, version (0: all), in force only, withdrawn offers too
select version, terms, terms_sha256, statement, statement_sha256, note, leaf, offered, withdrawn
from app.contract_version
where contract_id = $1::bigint and ($2::bigint = 0 or version = $2::bigint)
	and (not $3::boolean or leaf is not null) and ($4::boolean or withdrawn is null)
order by version, offered, statement_sha256

-- name: log_head
select size, range, root from app.contract_lock
where contract_id = $1::bigint and what = $2::smallint

-- name: log_leaves
-- in: contract, log, [from, to), kind (-1: any), limit
select idx, kind, hash, data, created from app.log_leaf
where contract_id = $1::bigint and log = $2::smallint and idx >= $3::bigint and idx < $4::bigint
	and ($5::smallint < 0 or kind = $5::smallint)
order by idx limit $6::integer

-- name: log_statements
-- in: contract, inputs leaves [from, to): all but accepted uploads
select idx, kind, hash, data, created from app.log_leaf
where contract_id = $1::bigint and log = 0 and idx >= $2::bigint and idx < $3::bigint and kind <> 4
order by idx

-- name: checkpoint_add
-- in: contract, log, size, root, note, created, range
insert into app.log_checkpoint (contract_id, log, size, root, note, created, range)
values ($1::bigint, $2::smallint, $3::bigint, $4::bytea, $5::bytea, $6::timestamptz, $7::bytea)
on conflict do nothing

-- name: checkpoint_root
select root from app.log_checkpoint
where contract_id = $1::bigint and log = $2::smallint and size = $3::bigint

-- name: checkpoint_last
-- in: contract, log, largest size; out: the note with its cosignature lines behind it
select c.size, c.root, c.note || coalesce((select string_agg(s.line, ''::bytea order by s.time_s, s.key_name)
		from app.log_cosignature s
		where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size), ''::bytea),
	(select count(*)::integer from app.log_cosignature s
		where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size),
	c.range
from app.log_checkpoint c
where c.contract_id = $1::bigint and c.log = $2::smallint and c.size <= $3::bigint
order by c.size desc limit 1

-- name: pair_add
-- in: contract, inputs size, journal size (null: empty), created
insert into app.log_pair (contract_id, inputs_size, journal_size, created)
values ($1::bigint, $2::bigint, $3::bigint, $4::timestamptz)
on conflict do nothing

-- name: pair_last
-- in: contract, largest inputs size
select inputs_size, journal_size from app.log_pair
where contract_id = $1::bigint and inputs_size <= $2::bigint
order by inputs_size desc limit 1

-- name: period_cut_add
-- in: contract, period, journal size, root
insert into app.period_cut (contract_id, period, journal_size, journal_root)
values ($1::bigint, $2::integer, $3::bigint, $4::bytea)

-- name: period_cut_get
select journal_size, journal_root from app.period_cut
where contract_id = $1::bigint and period = $2::integer

-- name: cosignature_add
insert into app.log_cosignature (contract_id, log, size, key_name, time_s, line)
values ($1::bigint, $2::smallint, $3::bigint, $4::text, $5::bigint, $6::bytea)
on conflict do nothing

-- name: key_directory_add
insert into app.key_directory (public_id, public_key, contract_id)
values ($1::text, $2::bytea, $3::bigint) returning stream_id

-- name: key_directory_find
select contract_id, stream_id from app.key_directory where public_id = $1::text

-- name: stream_add
-- in: contract, stream, public id, origin, vkey, public key, side, note, from, window, active from,
-- active to, clusters, resources, skus, leaf, enrolled, root of an empty stream
with k as (
	insert into app.agent_key (contract_id, stream_id, public_id, origin, vkey, public_key, side, note,
		from_ms, window_ms, active_from_ms, active_to_ms, clusters, resources, skus, leaf, enrolled)
	values ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::bytea, $7::smallint, $8::bytea,
		$9::bigint, $10::bigint, $11::bigint, $12::bigint, $13::text, $14::text, $15::text,
		$16::bigint, $17::timestamptz)
	returning contract_id, stream_id, side
)
insert into app.stream (contract_id, stream_id, side, root)
select contract_id, stream_id, side, $18::bytea from k

-- name: key_list
-- in: contract, public id (null: all)
select stream_id, leaf, side, origin, note from app.agent_key
where contract_id = $1::bigint and ($2::text is null or public_id = $2::text) order by stream_id

-- name: stream_close
-- in: contract, stream, leaf of the successor's key statement
update app.agent_key set closed_leaf = $3::bigint
where contract_id = $1::bigint and stream_id = $2::bigint and closed_leaf is null

-- name: revocation_add
-- in: contract, stream, leaf, compromised, since, covered
with r as (
	insert into app.revocation (contract_id, stream_id, leaf, since_ms, covered)
	values ($1::bigint, $2::bigint, $3::bigint, case when $4::boolean then $5::bigint end,
		case when $4::boolean then $6::bigint end)
	returning contract_id, stream_id, leaf
)
update app.agent_key k set revoked_leaf = coalesce(k.revoked_leaf, r.leaf)
from r where k.contract_id = r.contract_id and k.stream_id = r.stream_id

-- name: revocation_list
-- in: contract, stream (0: all)
select stream_id, leaf, since_ms, covered from app.revocation
where contract_id = $1::bigint and ($2::bigint = 0 or stream_id = $2::bigint)
order by stream_id, leaf

-- name: stream_list
select k.contract_id, k.stream_id, k.public_id, k.origin, k.vkey, k.public_key, k.side, k.note,
	k.from_ms, k.window_ms, k.active_from_ms, k.active_to_ms, k.clusters, k.resources, k.skus,
	k.leaf, k.revoked_leaf, k.closed_leaf, k.enrolled, s.state, s.size, s.range, s.root, s.note, s.appended, s.closed_ms,
	null::bytea, null::bytea
from app.agent_key k join app.stream s using (contract_id, stream_id)
where k.contract_id = $1::bigint order by k.stream_id

-- name: conflict_list
select size, sha256, accepted_note, refused_note, proof, seen from app.conflict
where contract_id = $1::bigint and stream_id = $2::bigint order by size, sha256
