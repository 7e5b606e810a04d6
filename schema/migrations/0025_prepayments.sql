-- SPDX-License-Identifier: Apache-2.0
-- Prepayments: what was invoiced, paid and paid back of each (struct ts_prepaid_row). What was drawn
-- and what lapsed stand as charge lines among the accruals and billed lines.

create table app.prepaid (
	contract_id bigint not null,
	item integer not null check (item >= 0),
	document text not null,
	document_sha256 text not null check (document_sha256 ~ '^[0-9a-f]{64}$'),
	net bigint not null check (net > 0),
	tax bigint not null check (tax >= 0),
	paid bigint not null check (paid between 0 and net + tax),
	refunded bigint not null check (refunded between 0 and net),
	refunded_tax bigint not null check (refunded_tax between 0 and tax),
	from_period integer not null check (from_period >= -1),
	primary key (contract_id, item),
	unique (contract_id, document),
	check (refunded + refunded_tax <= paid)
) with (fillfactor = 70);
select app.make_tenant('app.prepaid', null);
grant select on app.prepaid to ts_service, ts_auditor;
grant insert, update on app.prepaid to ts_service;

-- A prepayment's invoice (kind 2) rests on the contract alone: it belongs to no cut.
alter table app.document alter column cut_leaf drop not null,
	drop constraint document_kind_check,
	add constraint document_kind_check check (kind in (0, 1, 2)),
	add constraint cut_unless_prepayment check (state <> 'issued' or (kind = 2) = (cut_leaf is null));
