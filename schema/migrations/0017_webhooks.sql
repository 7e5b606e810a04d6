-- SPDX-License-Identifier: Apache-2.0
-- Proofs that stay small: roots of large subtrees, conflicts as one file. And what companies are told
-- about: events, written in the transaction of their cause, and webhooks, which get them.

-- Roots of subtrees of 2^16, 2^24, ... leaves over app.subtree's 2^8: a proof in a stream of ten
-- million lines reads a few rows and not forty thousand. Absent rows (from before) are folded from the
-- level below.
create table app.subtree_high (
	contract_id bigint not null,
	tree bigint not null,
	level smallint not null check (level in (16, 24, 32, 40, 48, 56)),
	idx bigint not null check (idx >= 0),
	hash bytea not null check (octet_length(hash) = 32),
	primary key (contract_id, tree, level, idx)
);
select app.make_append_only('app.subtree_high');
select app.make_tenant('app.subtree_high', null);
grant select, insert on app.subtree_high to ts_service, ts_ingest;
grant select on app.subtree_high to ts_auditor;

-- The proof as one file (docs/formats/conflict.md) takes the place of leaf hashes. A conflict from
-- before keeps its hashes instead, and its proof is empty.
alter table app.conflict add column proof bytea not null default ''::bytea;
alter table app.conflict alter column proof drop default;
alter table app.conflict alter column hashes set default ''::bytea;

-- What happened to a contract, for both companies; data is JSON.
create table app.event (
	contract_id bigint not null,
	event_id bigint generated always as identity,
	message_id text not null default 'msg_' || replace(gen_random_uuid()::text, '-', ''),
	type text not null,
	at timestamptz not null,
	data text not null,
	primary key (contract_id, event_id)
);
select app.make_append_only('app.event');
select app.make_tenant('app.event', null);

-- Events that no endpoint was given yet. Ids only, hence no row-level security: the thread that hands
-- events out finds its work here before it knows whose it is.
create table app.event_queue (
	contract_id bigint not null,
	event_id bigint not null,
	primary key (contract_id, event_id)
);

-- A company's endpoints; party 0: the operator's own. contracts: those of the token that made it (null:
-- all of the company's); side: that of its role (0 provider, 1 consumer, null: either). types: empty for
-- all.
create table app.webhook (
	party_id bigint not null,
	webhook_id bigint generated always as identity,
	public_id text not null unique,
	url text not null check (octet_length(url) between 1 and 2048),
	types text[] not null,
	side smallint check (side in (0, 1)),
	contracts bigint[],
	secret bytea not null check (octet_length(secret) between 24 and 64),
	old_secret bytea, -- also signs, until then
	old_until timestamptz,
	state text not null default 'enabled' check (state in ('enabled', 'disabled', 'deleted')),
	failing_since timestamptz, -- the first attempt after the last success
	last_error text,
	created timestamptz not null,
	primary key (party_id, webhook_id)
);
select app.make_changeable('app.webhook', '{secret,old_secret,old_until,state,failing_since,last_error}');

-- One message to one endpoint, and how it went.
create table app.delivery (
	party_id bigint not null,
	delivery_id bigint generated always as identity,
	webhook_id bigint not null,
	message_id text not null,
	type text not null,
	body text not null,
	created timestamptz not null,
	state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed', 'dropped')),
	attempts integer not null default 0,
	last_at timestamptz,
	last_status integer, -- 0: no answer
	last_error text,
	primary key (party_id, delivery_id),
	unique (party_id, webhook_id, message_id),
	foreign key (party_id, webhook_id) references app.webhook
);
select app.make_changeable('app.delivery', '{state,attempts,last_at,last_status,last_error}');

-- Deliveries that are due; ids and times only, as app.event_queue.
create table app.delivery_queue (
	delivery_id bigint primary key,
	party_id bigint not null,
	webhook_id bigint not null,
	next_at timestamptz not null
);
create index delivery_queue_next on app.delivery_queue (next_at);

do $$
declare
	t text;
begin
	foreach t in array array['app.webhook', 'app.delivery'] loop
		execute format('alter table %s enable row level security', t);
		execute format('alter table %s force row level security', t);
		execute format('create policy party on %s using (party_id = (select app.party())) '
			'with check (party_id = (select app.party()))', t);
	end loop;
end
$$;

grant select on app.event to ts_service, ts_auditor;
grant insert on app.event, app.event_queue to ts_service, ts_ingest;
grant select (contract_id, event_id) on app.event to ts_ingest;
grant select, delete on app.event_queue to ts_service;
grant select, insert, update on app.webhook, app.delivery to ts_service;
grant select, insert, update, delete on app.delivery_queue to ts_service;
