-- SPDX-License-Identifier: Apache-2.0
-- What a company took over into its own accounts. Each export holds the entries of some kinds that
-- no export before it held, so an ERP that booked the payments already takes nothing twice.
create table app.journal_export (
	contract_id bigint not null references app.contract,
	book smallint not null check (book in (0, 1)),
	number integer not null check (number >= 1),
	kinds text[] not null check (cardinality(kinds) >= 1),
	after_entry bigint[] not null, -- of each kind: the last entry that earlier exports held; -1: none
	up_to bigint not null check (up_to >= 0), -- the last entry of this one
	entries bigint not null check (entries >= 1),
	created timestamptz not null,
	primary key (contract_id, book, number),
	check (cardinality(after_entry) = cardinality(kinds))
);
select app.make_append_only('app.journal_export');
select app.make_tenant('app.journal_export', 'book');

grant select on app.journal_export to ts_service, ts_auditor;
grant insert on app.journal_export to ts_service;
