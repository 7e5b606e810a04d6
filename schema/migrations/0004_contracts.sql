-- SPDX-License-Identifier: Apache-2.0
-- Contracts, their versions, locks, and the two logs of each.

create table app.contract (
	contract_id bigint primary key references app.directory,
	state text not null check (state in ('offered', 'active', 'ended'))
);
select app.make_changeable('app.contract', '{state}');
select app.make_tenant('app.contract', null);

-- Terms and statement are exact bytes, signed by both; only signatures are added, until the version
-- is in force (leaf), after which nothing changes.
create table app.contract_version (
	contract_id bigint not null references app.contract,
	version bigint not null check (version > 0),
	terms bytea not null,
	terms_sha256 bytea not null check (octet_length(terms_sha256) = 32),
	statement bytea not null,
	statement_sha256 bytea not null check (octet_length(statement_sha256) = 32),
	note bytea not null,
	leaf bigint check (leaf >= 0),
	offered timestamptz not null,
	primary key (contract_id, version),
	unique (contract_id, leaf)
);
alter table app.contract_version alter column terms set compression pglz;
create function app.refuse_change_in_force() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.leaf is not null then
		raise exception 'version % of contract % is in force', old.version, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger in_force before update on app.contract_version
	for each row execute function app.refuse_change_in_force();
select app.make_changeable('app.contract_version', '{note,leaf}');
select app.make_tenant('app.contract_version', null);

-- Locks are rows of their own, so that taking one never touches what others read. The two log locks
-- carry the log's counter: whoever holds the row decides the next indexes, which are therefore
-- dense and never seen out of order. A log is locked last.
create table app.contract_lock (
	contract_id bigint not null references app.contract,
	what smallint not null check (what between 0 and 3), -- inputs, journal, settle, period
	size bigint not null default 0 check (size >= 0),
	range bytea not null default '' check (octet_length(range) % 32 = 0),
	root bytea not null check (octet_length(root) = 32),
	primary key (contract_id, what)
) with (fillfactor = 50);
select app.make_changeable('app.contract_lock', '{size,range,root}');
create function app.refuse_smaller() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if new.size < old.size then
		raise exception '%.% may not shrink from % to %', tg_table_schema, tg_table_name, old.size, new.size
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger grows before update on app.contract_lock
	for each row execute function app.refuse_smaller();
select app.make_tenant('app.contract_lock', null);

-- log: 0 inputs, 1 journal. Data is what is hashed and served, byte for byte.
create table app.log_leaf (
	contract_id bigint not null,
	log smallint not null check (log in (0, 1)),
	idx bigint not null check (idx >= 0),
	kind smallint not null,
	hash bytea not null check (octet_length(hash) = 32),
	data bytea not null check (octet_length(data) <= 65535),
	created timestamptz not null,
	primary key (contract_id, log, idx)
);
select app.make_append_only('app.log_leaf');
select app.make_tenant('app.log_leaf', null);

-- Root hashes of full 256-leaf subtrees, for proofs. tree: a stream's id, -1 the inputs log, -2 the
-- journal log.
create table app.subtree (
	contract_id bigint not null,
	tree bigint not null,
	idx bigint not null check (idx >= 0),
	hash bytea not null check (octet_length(hash) = 32),
	primary key (contract_id, tree, idx)
);
select app.make_append_only('app.subtree');
select app.make_tenant('app.subtree', null);

-- One root per size, for ever: a second one could only be a lie.
create table app.log_checkpoint (
	contract_id bigint not null,
	log smallint not null check (log in (0, 1)),
	size bigint not null check (size > 0),
	root bytea not null check (octet_length(root) = 32),
	note bytea not null,
	created timestamptz not null,
	primary key (contract_id, log, size)
);
select app.make_append_only('app.log_checkpoint');
select app.make_tenant('app.log_checkpoint', null);

create table app.log_cosignature (
	contract_id bigint not null,
	log smallint not null,
	size bigint not null,
	key_name text not null,
	time_s bigint not null,
	line bytea not null,
	primary key (contract_id, log, size, key_name, time_s),
	foreign key (contract_id, log, size) references app.log_checkpoint
);
select app.make_append_only('app.log_cosignature');
select app.make_tenant('app.log_cosignature', null);

grant select on app.contract, app.contract_version, app.contract_lock, app.log_leaf, app.subtree,
	app.log_checkpoint, app.log_cosignature to ts_service, ts_auditor;
grant insert on app.contract, app.contract_version, app.contract_lock, app.log_leaf, app.subtree,
	app.log_checkpoint, app.log_cosignature to ts_service;
grant update (state) on app.contract to ts_service;
grant update (note, leaf) on app.contract_version to ts_service;
grant update (size, range, root) on app.contract_lock to ts_service;

grant select, insert on app.log_leaf, app.subtree to ts_ingest;
grant select, update on app.contract_lock to ts_ingest;
-- Heads of the terms: which statement a genesis line must name.
grant select (contract_id, version, statement_sha256, leaf) on app.contract_version to ts_ingest;
