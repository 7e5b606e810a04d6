-- SPDX-License-Identifier: Apache-2.0
-- Companies, tokens, kept answers, who did what.

-- name: party_add
insert into app.party (slug, name, domain, statement_vkey, profile)
values ($1::text, $2::text, $3::text, $4::text, $5::text) returning party_id

-- name: party_find
select party_id, slug, name, domain, statement_vkey, profile from app.party where slug = $1::text

-- name: party_get
select party_id, slug, name, domain, statement_vkey, profile from app.party where party_id = $1::bigint

-- name: party_list
select party_id, slug, name, domain, statement_vkey, profile from app.party order by party_id

-- name: token_add
-- in: id, hash, role, party (null: operator), all, contracts, label, created, not after
insert into app.token (token_id, hash, role, party_id, all_contracts, contracts, label, created, not_after)
values ($1::text, $2::bytea, $3::integer, $4::bigint, $5::boolean, $6::bigint[], $7::text,
	$8::timestamptz, $9::timestamptz)

-- name: token_find
select t.token_id, t.hash, t.role, t.party_id, p.slug, p.domain, t.all_contracts, t.contracts, t.label,
	t.created, t.not_after, t.revoked is not null
from app.token t left join app.party p using (party_id) where t.token_id = $1::text

-- name: token_list
select t.token_id, t.hash, t.role, t.party_id, p.slug, p.domain, t.all_contracts, t.contracts, t.label,
	t.created, t.not_after, t.revoked is not null
from app.token t left join app.party p using (party_id) order by t.created, t.token_id

-- name: token_revoke
update app.token set revoked = now() where token_id = $1::text and revoked is null

-- name: idempotency_reserve
-- in: party, contract, method, path, key, fingerprint. Nothing is changed when the key is taken; while
-- the first request is still running this waits, as long as lock_timeout lets it.
insert into app.idempotency (party_id, contract_id, method, path, key, fingerprint)
values ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::bytea)
on conflict do nothing

-- name: idempotency_get
select fingerprint, status, content_type, body from app.idempotency
where party_id = $1::bigint and contract_id = $2::bigint and method = $3::text and path = $4::text
	and key = $5::text

-- name: idempotency_answer
update app.idempotency set status = $6::integer, content_type = $7::text, body = $8::bytea
where party_id = $1::bigint and contract_id = $2::bigint and method = $3::text and path = $4::text
	and key = $5::text and status is null

-- name: audit_event_add
-- in: party, at, token, action, target, outcome, request id
insert into app.audit_event (party_id, at, token_id, action, target, outcome, request_id)
values ($1::bigint, $2::timestamptz, $3::text, $4::text, $5::text, $6::text, $7::text)
