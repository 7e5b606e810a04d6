-- SPDX-License-Identifier: Apache-2.0
-- Witnesses: of each one cosignature per size is kept, the first; and what became published.

-- Nothing could write cosignatures before this migration, so there are no two to choose from.
alter table app.log_cosignature drop constraint log_cosignature_pkey;
alter table app.log_cosignature add primary key (contract_id, log, size, key_name);
alter table app.log_cosignature add check (time_s > 0);
create index log_cosignature_of on app.log_cosignature (contract_id, log, key_name, size);

-- A checkpoint that a quorum has cosigned. met_s: when, by the witnesses' clocks: the time of the last
-- one that the quorum needed. Terms without witnesses publish whatever is signed and write no row.
create table app.log_published (
	contract_id bigint not null,
	log smallint not null check (log in (0, 1)),
	size bigint not null,
	met_s bigint not null check (met_s > 0),
	published timestamptz not null,
	primary key (contract_id, log, size),
	foreign key (contract_id, log, size) references app.log_checkpoint
);
select app.make_append_only('app.log_published');
select app.make_tenant('app.log_published', null);
grant select on app.log_published to ts_service, ts_auditor;
grant insert on app.log_published to ts_service;
