-- SPDX-License-Identifier: Apache-2.0
-- Roles and the schema. Run by a superuser; everything after this file belongs to ts_owner, which
-- nobody logs in as. Roles are of the whole server, so they may exist already (another database).
--   ts_ingest   writes usage: COPY FROM is refused under row-level security, hence BYPASSRLS, and
--               hence the few exact grants that it gets
--   ts_service  everything else that the service does; sees only contracts named in its transaction
--   ts_auditor  reads, under the same row-level security
do $$
begin
	if not exists (select from pg_roles where rolname = 'ts_owner') then
		create role ts_owner nologin nosuperuser nobypassrls;
	end if;
	if not exists (select from pg_roles where rolname = 'ts_ingest') then
		create role ts_ingest login nosuperuser bypassrls;
	end if;
	if not exists (select from pg_roles where rolname = 'ts_service') then
		create role ts_service login nosuperuser nobypassrls;
	end if;
	if not exists (select from pg_roles where rolname = 'ts_auditor') then
		create role ts_auditor login nosuperuser nobypassrls;
	end if;
end
$$;

create schema app authorization ts_owner;
revoke all on schema public from public;
grant usage on schema app to ts_ingest, ts_service, ts_auditor;
-- Functions are executable by everybody unless this is taken away.
alter default privileges for role ts_owner revoke execute on functions from public;

-- Which migrations this database has. A program refuses a database with others than its own.
create table app.schema_migration (
	position integer primary key,
	name text not null unique,
	sha256 bytea not null check (octet_length(sha256) = 32),
	applied timestamptz not null default now()
);
alter table app.schema_migration owner to ts_owner;
grant select on app.schema_migration to ts_ingest, ts_service, ts_auditor;
