-- SPDX-License-Identifier: Apache-2.0
-- Invoices and credit notes. A number is reserved by an event leaf and ends issued or void with a
-- reason; none is lost.

create table app.document (
	contract_id bigint not null references app.contract,
	number text not null check (octet_length(number) between 1 and 64),
	kind smallint not null default 0 check (kind in (0, 1)), -- invoice, credit note
	period integer not null,
	state text not null default 'reserved' check (state in ('reserved', 'issued', 'void')),
	cut_leaf bigint not null check (cut_leaf >= 0),
	issue_leaf bigint not null check (issue_leaf > cut_leaf),
	issue_day date,
	due_day date check (due_day >= issue_day),
	currency text,
	subtotal bigint,
	tax bigint,
	total bigint check (total >= 0),
	sha256 bytea check (octet_length(sha256) = 32),
	json bytea,
	void_reason text,
	primary key (contract_id, number),
	unique (contract_id, issue_leaf),
	check ((state = 'void') = (void_reason is not null)),
	check (num_nulls(issue_day, due_day, currency, subtotal, tax, total, sha256, json)
		= case state when 'issued' then 0 else 8 end),
	check (total = subtotal + tax)
);
-- One live document per cut.
create unique index document_cut on app.document (contract_id, cut_leaf) where state <> 'void';

create function app.refuse_document() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.state <> 'reserved' or new.state = 'reserved' then
		raise exception 'document % of contract % is %', old.number, old.contract_id, old.state
			using errcode = 'restrict_violation';
	end if;
	-- Dates never go back within a contract's series.
	if new.state = 'issued' and exists (select from app.document d where d.contract_id = new.contract_id
		and d.state = 'issued' and d.issue_day > new.issue_day and d.issue_leaf < new.issue_leaf) then
		raise exception 'document % would be dated before an earlier number', old.number
			using errcode = 'check_violation';
	end if;
	return new;
end
$$;
create trigger document_state before update on app.document
	for each row execute function app.refuse_document();
select app.make_changeable('app.document',
	'{kind,state,issue_day,due_day,currency,subtotal,tax,total,sha256,json,void_reason}');
select app.make_tenant('app.document', null);

-- Renderings that carry a signature or a time of their own, and so can't be made again.
create table app.rendering (
	contract_id bigint not null,
	number text not null,
	media_type text not null,
	sha256 bytea not null check (octet_length(sha256) = 32),
	bytes bytea not null,
	primary key (contract_id, number, media_type),
	foreign key (contract_id, number) references app.document
);
alter table app.rendering alter column bytes set storage external;
select app.make_append_only('app.rendering');
select app.make_tenant('app.rendering', null);

grant select on app.document, app.rendering to ts_service, ts_auditor;
grant insert on app.document, app.rendering to ts_service;
grant update (kind, state, issue_day, due_day, currency, subtotal, tax, total, sha256, json, void_reason)
	on app.document to ts_service;
