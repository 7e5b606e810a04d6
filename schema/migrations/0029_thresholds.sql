-- SPDX-License-Identifier: Apache-2.0
-- How far minimums, commitments and caps are used, in steps of 5 %: each step of an item and period is
-- reported once, and an endpoint hears of the steps that it names.
create table app.threshold (
	contract_id bigint not null,
	period integer not null check (period >= 0),
	kind text not null check (kind in ('minimum', 'commitment', 'cap')),
	item text not null,
	percent smallint not null check (percent between 5 and 200 and percent % 5 = 0),
	at timestamptz not null,
	primary key (contract_id, period, kind, item, percent)
);
select app.make_append_only('app.threshold');
select app.make_tenant('app.threshold', null);
grant select, insert on app.threshold to ts_service;
grant select on app.threshold to ts_auditor;

alter table app.webhook add column thresholds smallint[] not null default '{50,80,100}';
