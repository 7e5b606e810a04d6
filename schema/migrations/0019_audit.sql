-- SPDX-License-Identifier: Apache-2.0
-- The online auditor (docs/audit.md): how far it is, and what it found. It reads everything that a
-- contract is made of and writes nothing else than these two tables.

-- at: how far the task is; state: what its next step goes on from. Contract 0: the installation. part
-- and day: a stream, a stream's day; 0 where a task has one row.
create table app.audit_progress (
	contract_id bigint not null,
	task text not null,
	part bigint not null default 0,
	day bigint not null default 0,
	at bigint not null,
	state bytea not null,
	primary key (contract_id, task, part, day)
);
create index audit_progress_days on app.audit_progress (contract_id, day, part) where task = 'cells';
-- Days of usage cells that changed since they were last compared.
create index audit_progress_due on app.audit_progress (contract_id, day, part) where task = 'cells' and at = 1;
select app.make_tenant('app.audit_progress', null);

-- A finding stays until somebody has looked and the audit starts over (cleared); nothing is deleted.
create table app.audit_finding (
	contract_id bigint not null,
	finding_id bigint generated always as identity,
	check_name text not null,
	table_name text not null,
	key text not null,
	expected text not null,
	actual text not null,
	found timestamptz not null,
	cleared timestamptz,
	primary key (contract_id, finding_id)
);
create unique index audit_finding_open on app.audit_finding (contract_id, check_name, table_name, key)
	where cleared is null;
select app.make_changeable('app.audit_finding', '{cleared}');
select app.make_tenant('app.audit_finding', null);

grant select, insert on app.audit_progress, app.audit_finding to ts_auditor;
grant update (at, state) on app.audit_progress to ts_auditor;
grant update (cleared) on app.audit_finding to ts_auditor;
