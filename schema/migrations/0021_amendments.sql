-- SPDX-License-Identifier: Apache-2.0
-- Contracts of several versions: offers that are withdrawn, what an amendment has to know of late
-- usage, and the end of a term by notice.

-- Of one version many offers, one of them standing: a counter-proposal withdraws the one before,
-- which stays to be seen. What is in force can't be withdrawn (in_force refuses any change).
alter table app.contract_version add column withdrawn timestamptz,
	add constraint withdrawn_or_in_force check (withdrawn is null or leaf is null);
alter table app.contract_version drop constraint contract_version_pkey,
	add primary key (contract_id, version, statement_sha256);
create unique index contract_version_standing on app.contract_version (contract_id, version)
	where withdrawn is null;
create function app.refuse_revival() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.withdrawn is not null then
		raise exception 'this offer of version % of contract % was withdrawn', old.version, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger stays_withdrawn before update on app.contract_version
	for each row execute function app.refuse_revival();
drop trigger append_only on app.contract_version;
drop trigger change_only on app.contract_version;
select app.make_changeable('app.contract_version', '{note,leaf,withdrawn}');
grant update (withdrawn) on app.contract_version to ts_service;

-- The instant at which a notice ends the term; 0: none.
alter table app.ledger_head add column end_us bigint not null default 0 check (end_us >= 0);

-- What came too late for its period, by quarter-hour (struct ts_late_row).
create table app.late_cell (
	contract_id bigint not null,
	quarter_us bigint not null,
	sku text not null,
	class text not null,
	quantity numeric(39) not null,
	primary key (contract_id, quarter_us, sku, class)
) with (fillfactor = 70);
select app.make_tenant('app.late_cell', null);
grant select on app.late_cell to ts_service, ts_auditor;
grant insert, update on app.late_cell to ts_service;
