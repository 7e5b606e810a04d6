-- SPDX-License-Identifier: Apache-2.0
-- What a seal names and what becomes of it.

-- The state of a contract at a cut (docs/formats/state.md), as text, compressed; its hash is what
-- both companies sign. Made in the cut's transaction: it can't be made later.
create table app.period_state (
	contract_id bigint not null references app.contract,
	period integer not null check (period >= 0),
	cut_leaf bigint not null check (cut_leaf >= 0),
	sha256 bytea not null check (octet_length(sha256) = 32),
	text bytea not null, -- zstd
	text_bytes bigint not null check (text_bytes > 0),
	primary key (contract_id, period)
);
alter table app.period_state alter column text set storage external; -- compressed already
select app.make_append_only('app.period_state');
select app.make_tenant('app.period_state', null);

-- What the other company says to a seal: nothing (no row), its signature, or reservations; one may
-- follow the other. Deemed countersigned follows from the terms and the seal's log time.
create table app.seal_answer (
	contract_id bigint not null,
	book smallint not null check (book in (0, 1)),
	through date not null,
	leaf bigint not null check (leaf >= 0),
	reservation text, -- null: a plain countersignature
	answered timestamptz not null,
	primary key (contract_id, leaf),
	foreign key (contract_id, book, through) references app.seal
);
create index seal_answer_seal on app.seal_answer (contract_id, book, through);
select app.make_append_only('app.seal_answer');
select app.make_tenant('app.seal_answer', 'book');

-- Time-stamp tokens (RFC 3161) over a seal's note: optional, from whatever authority a party uses.
create table app.seal_token (
	contract_id bigint not null,
	book smallint not null check (book in (0, 1)),
	through date not null,
	sha256 bytea not null check (octet_length(sha256) = 32), -- of the token
	stamped timestamptz not null, -- genTime of the token
	authority text not null, -- subject of the signer's certificate
	token bytea not null check (octet_length(token) between 1 and 65536),
	primary key (contract_id, book, through, sha256),
	foreign key (contract_id, book, through) references app.seal
);
select app.make_append_only('app.seal_token');
select app.make_tenant('app.seal_token', 'book');

grant select on app.period_state, app.seal_answer, app.seal_token to ts_service, ts_auditor;
grant insert on app.period_state, app.seal_answer, app.seal_token to ts_service;
