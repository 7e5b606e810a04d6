-- SPDX-License-Identifier: Apache-2.0
-- Companies, tokens, the directory, answers kept for repeated requests, and who did what.

create table app.party (
	party_id bigint generated always as identity primary key,
	slug text not null unique check (slug ~ '^[a-z0-9-]{1,32}$'),
	name text not null check (octet_length(name) between 1 and 256),
	domain text not null unique check (octet_length(domain) between 1 and 100),
	statement_vkey text,
	profile text not null -- canonical JSON as given: address, tax id, payment details
);

-- Looked up before anything is known about the caller, hence no row-level security. Hashes only.
create table app.token (
	token_id text primary key check (token_id ~ '^[0-9a-f]{16}$'),
	hash bytea not null check (octet_length(hash) = 32),
	role integer not null,
	party_id bigint references app.party, -- null: the operator
	all_contracts boolean not null,
	contracts bigint[] not null,
	label text,
	created timestamptz not null,
	not_after timestamptz,
	revoked timestamptz
);
select app.make_changeable('app.token', '{revoked}');

-- The directory: how a request finds the contract, and later the server, that it is about. It holds
-- random ids and nothing that a contract agreed.
create table app.directory (
	contract_id bigint generated always as identity primary key,
	public_id text not null unique check (public_id ~ '^[0-9a-f]{32}$'),
	provider_party bigint not null references app.party,
	consumer_party bigint not null references app.party,
	check (provider_party <> consumer_party)
);
create index directory_provider on app.directory (provider_party, contract_id);
create index directory_consumer on app.directory (consumer_party, contract_id);
select app.make_append_only('app.directory');

-- A key or origin is enrolled once anywhere; also how an append finds its stream.
create table app.key_directory (
	stream_id bigint generated always as identity primary key,
	public_id text not null unique check (public_id ~ '^[0-9a-f]{32}$'),
	public_key bytea not null unique check (octet_length(public_key) = 32),
	contract_id bigint not null references app.directory
);
select app.make_append_only('app.key_directory');

-- Kept for ever: a retry after three months must get the first answer, not a second posting.
create table app.idempotency (
	party_id bigint not null,
	contract_id bigint not null, -- 0: none
	method text not null,
	path text not null,
	key text not null,
	fingerprint bytea not null check (octet_length(fingerprint) = 32),
	created timestamptz not null default now(),
	status integer,
	content_type text,
	body bytea,
	primary key (party_id, contract_id, method, path, key),
	check ((status is null) = (content_type is null) and (status is null) = (body is null))
);
select app.make_changeable('app.idempotency', '{status,content_type,body}');
alter table app.idempotency enable row level security;
alter table app.idempotency force row level security;
create policy party on app.idempotency using (party_id = (select app.party()))
	with check (party_id = (select app.party()));

-- What people and tokens did, failures too; the evidence proper is in the logs.
create table app.audit_event (
	party_id bigint not null, -- 0: the operator
	event_id bigint generated always as identity,
	at timestamptz not null,
	token_id text not null,
	action text not null,
	target text not null,
	outcome text not null,
	request_id text,
	primary key (party_id, event_id)
);
select app.make_append_only('app.audit_event');

grant select on app.party, app.directory, app.key_directory to ts_auditor;
grant select, insert on app.party, app.token, app.directory, app.key_directory, app.idempotency,
	app.audit_event to ts_service;
grant update (statement_vkey) on app.party to ts_service;
grant update (revoked) on app.token to ts_service;
grant update (status, content_type, body) on app.idempotency to ts_service;
