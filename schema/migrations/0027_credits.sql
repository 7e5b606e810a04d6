-- SPDX-License-Identifier: Apache-2.0
-- What a company's credit, settlement or claim did when it was folded (struct ts_credit_row): decided
-- once, never changed. kind: as in app.accrual; of a claim that of a service credit.
create table app.credit (
	contract_id bigint not null,
	kind smallint not null,
	serial bigint not null check (serial > 0),
	leaf bigint not null check (leaf >= 0),
	granted boolean not null,
	version integer not null,
	period integer not null check (period >= 0),
	month integer not null,
	treatment integer not null check (treatment >= 0),
	amount bigint not null check (amount >= 0),
	about text,
	item text not null,
	reason text not null,
	primary key (contract_id, kind, serial),
	unique (contract_id, leaf),
	check (granted or (amount = 0 and about is null))
);
select app.make_tenant('app.credit', null);
grant select on app.credit to ts_service, ts_auditor;
grant insert on app.credit to ts_service;
select app.make_append_only('app.credit');
