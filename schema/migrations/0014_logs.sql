-- SPDX-License-Identifier: Apache-2.0
-- Both logs of a contract are signed in pairs, and each signature continues the range that was
-- recomputed for the one before.

-- The compact range that the signed root was recomputed from; null where it was signed before
-- ranges were kept: then the next signature begins at leaf 0.
alter table app.log_checkpoint add column range bytea check (octet_length(range) % 32 = 0);

-- One snapshot of both logs: the journal's leaves are those that the inputs below inputs_size caused.
-- An empty journal has no checkpoint (null).
create table app.log_pair (
	contract_id bigint not null,
	inputs_size bigint not null check (inputs_size > 0),
	journal_size bigint check (journal_size > 0),
	inputs_log smallint not null generated always as (0) stored,
	journal_log smallint not null generated always as (1) stored,
	created timestamptz not null,
	primary key (contract_id, inputs_size),
	foreign key (contract_id, inputs_log, inputs_size) references app.log_checkpoint,
	foreign key (contract_id, journal_log, journal_size) references app.log_checkpoint
);
select app.make_append_only('app.log_pair');
select app.make_tenant('app.log_pair', null);
grant select on app.log_pair to ts_service, ts_auditor;
grant insert on app.log_pair to ts_service;

-- What a period's document says about the journal: its size and root after the cut's own entries.
create table app.period_cut (
	contract_id bigint not null,
	period integer not null,
	journal_size bigint not null check (journal_size >= 0),
	journal_root bytea not null check (octet_length(journal_root) = 32),
	primary key (contract_id, period)
);
select app.make_append_only('app.period_cut');
select app.make_tenant('app.period_cut', null);
grant select on app.period_cut to ts_service, ts_auditor;
grant insert on app.period_cut to ts_service;
