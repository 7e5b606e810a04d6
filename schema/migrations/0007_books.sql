-- SPDX-License-Identifier: Apache-2.0
-- Both books: entries, legs, the ledger's state rows, documents. Amounts are minor units. C decides
-- what is posted; the database refuses what can never be right.

-- A company's own number and title for a role; a role without a row keeps the default chart's.
create table app.account (
	contract_id bigint not null references app.contract,
	book smallint not null check (book in (0, 1)), -- provider, consumer
	role text not null,
	number text not null,
	title text not null,
	primary key (contract_id, role)
);
select app.make_tenant('app.account', 'book');

-- Everything on or before `through` is shut in that book: a watermark, not a set of periods.
create table app.seal (
	contract_id bigint not null references app.contract,
	book smallint not null check (book in (0, 1)),
	through date not null,
	leaf bigint not null check (leaf >= 0),
	note bytea not null,
	primary key (contract_id, book, through),
	unique (contract_id, leaf)
);
select app.make_append_only('app.seal');
select app.make_tenant('app.seal', 'book');

-- id: dense per contract, the index in the journal log. The line columns name a charge line.
create table app.entry (
	contract_id bigint not null references app.contract,
	entry_id bigint not null check (entry_id >= 0),
	book smallint not null check (book in (0, 1)),
	kind text not null,
	posted timestamptz not null,
	effective date not null,
	service_month integer,
	source_leaf bigint not null check (source_leaf >= 0),
	line_version integer,
	line_kind smallint,
	line_item integer,
	line_tier integer,
	line_period integer,
	document text,
	document_sha256 bytea check (octet_length(document_sha256) = 32),
	primary key (contract_id, entry_id),
	check ((document is null) = (document_sha256 is null)),
	check (num_nulls(line_version, line_kind, line_item, line_tier, line_period) in (0, 5))
);
create index entry_effective on app.entry (contract_id, effective);
create index entry_source on app.entry (contract_id, source_leaf);
create index entry_document on app.entry (contract_id, document) where document is not null;
select app.make_append_only('app.entry');
select app.make_tenant('app.entry', 'book');

create table app.leg (
	contract_id bigint not null,
	entry_id bigint not null,
	n smallint not null check (n >= 0),
	book smallint not null check (book in (0, 1)),
	account text not null,
	debit boolean not null,
	amount bigint not null check (amount > 0),
	currency text not null check (currency ~ '^[A-Z]{3}$'),
	primary key (contract_id, entry_id, n),
	foreign key (contract_id, entry_id) references app.entry
);
create index leg_account on app.leg (contract_id, account, entry_id);
select app.make_append_only('app.leg');
select app.make_tenant('app.leg', 'book');

-- Statement triggers with transition tables: one firing per statement, nearly free. Entries and
-- legs come in one statement, so both see an event whole.
create function app.check_legs() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
	bad record;
begin
	select contract_id, entry_id into bad from new_legs
		group by contract_id, entry_id, currency
		having sum(case when debit then amount::numeric else -amount::numeric end) <> 0 limit 1;
	if found then
		raise exception 'entry % of contract % does not balance', bad.entry_id, bad.contract_id
			using errcode = 'check_violation';
	end if;
	-- Also catches a leg of the other book, and an entry outside the transaction's scope.
	select l.contract_id, l.entry_id into bad from new_legs l
		where not exists (select from app.entry e where e.contract_id = l.contract_id
			and e.entry_id = l.entry_id and e.book = l.book
			and e.xmin = pg_current_xact_id()::xid) limit 1;
	if found then
		raise exception 'entry % of contract % is not of this transaction', bad.entry_id, bad.contract_id
			using errcode = 'check_violation';
	end if;
	return null;
end
$$;
create trigger balance after insert on app.leg referencing new table as new_legs
	for each statement execute function app.check_legs();

create function app.check_entries() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
	bad record;
begin
	select e.contract_id, e.entry_id into bad from new_entries e
		where not exists (select from app.leg l where l.contract_id = e.contract_id
			and l.entry_id = e.entry_id) limit 1;
	if found then
		raise exception 'entry % of contract % has no legs', bad.entry_id, bad.contract_id
			using errcode = 'check_violation';
	end if;
	select e.contract_id, e.entry_id, e.effective into bad from new_entries e
		where exists (select from app.seal s where s.contract_id = e.contract_id and s.book = e.book
			and e.effective <= s.through) limit 1;
	if found then
		raise exception 'entry % of contract % falls on %, which is sealed', bad.entry_id,
			bad.contract_id, bad.effective using errcode = 'check_violation';
	end if;
	return null;
end
$$;
create trigger whole after insert on app.entry referencing new table as new_entries
	for each statement execute function app.check_entries();

grant select on app.account, app.seal, app.entry, app.leg to ts_service, ts_auditor;
grant insert on app.account, app.seal, app.entry, app.leg to ts_service;
grant update (number, title) on app.account to ts_service;
