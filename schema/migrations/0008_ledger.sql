-- SPDX-License-Identifier: Apache-2.0
-- State rows of the pure ledger (ledger/book/ledger.h): what an event changes is written back, under
-- the settle lock. All of it follows from the inputs log and may be rebuilt.

create table app.ledger_head (
	contract_id bigint primary key references app.contract,
	inputs_to bigint not null,
	day integer not null,
	at_us bigint not null,
	entries bigint not null,
	tick_serial bigint not null,
	cut_serial bigint not null,
	issue_serial bigint not null,
	documents bigint not null
) with (fillfactor = 50);

create table app.measure (
	contract_id bigint not null,
	version integer not null,
	price integer not null,
	period integer not null,
	month integer not null,
	quantity numeric(39) not null,
	primary key (contract_id, version, price, period, month)
) with (fillfactor = 70);

create table app.waiting (
	contract_id bigint not null,
	quarter_us bigint not null,
	version integer not null,
	price integer not null,
	quantity numeric(39) not null,
	primary key (contract_id, quarter_us, version, price)
) with (fillfactor = 70);

create table app.unbilled (
	contract_id bigint not null,
	reason text not null,
	sku text not null,
	class text not null,
	month integer not null,
	quantity numeric(39) not null,
	primary key (contract_id, reason, sku, class, month)
) with (fillfactor = 70);

create table app.accrual (
	contract_id bigint not null,
	version integer not null,
	kind smallint not null,
	item integer not null,
	tier integer not null,
	period integer not null,
	month integer not null,
	accrued bigint not null,
	primary key (contract_id, version, kind, item, tier, period, month)
) with (fillfactor = 70);

create table app.billed (
	contract_id bigint not null,
	version integer not null,
	kind smallint not null,
	item integer not null,
	tier integer not null,
	period integer not null,
	billed bigint not null,
	quantity numeric(39) not null,
	document text not null,
	primary key (contract_id, version, kind, item, tier, period)
) with (fillfactor = 70);

-- percent: as struct ts_decimal, times 10^12.
create table app.taxed (
	contract_id bigint not null,
	document text not null,
	treatment integer not null,
	percent_pico numeric(39) not null,
	net bigint not null,
	tax bigint not null,
	primary key (contract_id, document, treatment, percent_pico)
) with (fillfactor = 70);

create table app.period (
	contract_id bigint not null,
	idx integer not null,
	cut boolean not null,
	issued boolean not null,
	cut_leaf bigint not null,
	cut_at_us bigint not null,
	cut_to bigint not null,
	cut_day integer not null,
	document text,
	primary key (contract_id, idx),
	check (cut or not issued)
) with (fillfactor = 70);
-- A cut period stays cut.
create function app.refuse_reopening() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.cut and (not new.cut or new.cut_leaf <> old.cut_leaf or new.cut_to <> old.cut_to)
		or old.issued and not new.issued then
		raise exception 'period % of contract % is cut', old.idx, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger stays_cut before update on app.period
	for each row execute function app.refuse_reopening();

-- A line of the document that a cut fixed: what arrives later can't change it. unit_price: times
-- 10^12, null where there is none.
create table app.cut_line (
	contract_id bigint not null,
	cut integer not null,
	version integer not null,
	kind smallint not null,
	item integer not null,
	tier integer not null,
	period integer not null,
	quantity numeric(39) not null,
	target bigint not null,
	unit_price_pico numeric(39),
	trace text not null,
	primary key (contract_id, cut, version, kind, item, tier, period)
);
select app.make_append_only('app.cut_line');

-- Gross totals; the net is their difference and never stored.
create table app.balance (
	contract_id bigint not null,
	book smallint not null check (book in (0, 1)),
	account text not null,
	debit bigint not null check (debit >= 0),
	credit bigint not null check (credit >= 0),
	primary key (contract_id, account)
) with (fillfactor = 70);
create trigger grows_only before delete or truncate on app.balance
	for each statement execute function app.refuse_change();
create function app.refuse_less() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if new.debit < old.debit or new.credit < old.credit then
		raise exception 'gross totals of % may not fall', old.account using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger grows before update on app.balance for each row execute function app.refuse_less();

select app.make_tenant(t::regclass, null) from unnest('{app.ledger_head,app.measure,app.waiting,app.unbilled,
	app.accrual,app.billed,app.taxed,app.period,app.cut_line}'::text[]) t;
select app.make_tenant('app.balance', 'book');

grant select on app.ledger_head, app.measure, app.waiting, app.unbilled, app.accrual, app.billed,
	app.taxed, app.period, app.cut_line, app.balance to ts_service, ts_auditor;
grant insert, update on app.ledger_head, app.measure, app.waiting, app.unbilled, app.accrual,
	app.billed, app.taxed, app.period, app.balance to ts_service;
grant insert on app.cut_line to ts_service;
grant delete on app.waiting to ts_service;
