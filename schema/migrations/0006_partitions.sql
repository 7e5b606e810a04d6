-- SPDX-License-Identifier: Apache-2.0
-- Usage by month received. month = year * 12 + month - 1, as everywhere.

-- The open month has BRIN only: rows arrive in order of batch, and a B-tree on text would cost
-- most of the speed of COPY.
create index usage_brin on app.usage
	using brin (contract_id, batch_id, start_ms) with (pages_per_range = 32, autosummarize = on);

create function app.partition_name(month integer) returns text
language sql immutable set search_path = pg_catalog
return format('usage_%s_%s', to_char(month / 12, 'FM0000'), to_char(month % 12 + 1, 'FM00'));

-- Makes the partition apart, complete with triggers and row-level security, then attaches it:
-- ATTACH waits for no writer, and a later DETACH leaves nothing unguarded. Grants stay on the
-- parent: a role that may insert through it can't name a partition. Owner's rights, because the
-- service may not create tables; the argument is a number, so nothing can be smuggled in.
create function app.partition_ensure(month integer) returns boolean
language plpgsql security definer set search_path = pg_catalog
as $$
declare
	name text;
	first date;
	behind date;
begin
	if month < 2020 * 12 or month >= 2200 * 12 then
		raise exception 'month % is out of range', month using errcode = 'numeric_value_out_of_range';
	end if;
	name := app.partition_name(month);
	first := make_date(month / 12, month % 12 + 1, 1);
	behind := (first + interval '1 month')::date;
	if to_regclass(format('app.%I', name)) is not null then
		return false;
	end if;
	perform pg_advisory_xact_lock(hashtext('app.partition_ensure'));
	if to_regclass(format('app.%I', name)) is not null then
		return false;
	end if;
	execute format('create table app.%I (like app.usage including defaults including constraints)', name);
	-- Spares ATTACH its scan, and says what the partition is.
	execute format('alter table app.%I add constraint received check (received >= %L and received < %L)',
		name, first, behind);
	perform app.make_append_only(format('app.%I', name)::regclass);
	perform app.make_tenant(format('app.%I', name)::regclass, 'side');
	execute format('create index on app.%I using brin (contract_id, batch_id, start_ms) '
		'with (pages_per_range = 32, autosummarize = on)', name);
	execute format('alter table app.usage attach partition app.%I for values from (%L) to (%L)',
		name, first, behind);
	-- Routing keeps it true from here on; a check would cost each row of a COPY.
	execute format('alter table app.%I drop constraint received', name);
	return true;
end
$$;

-- For a month that gets no more rows: the key that batch has stood for till now, and B-trees.
create function app.partition_close(month integer) returns boolean
language plpgsql security definer set search_path = pg_catalog
as $$
declare
	name text := app.partition_name(month);
begin
	if to_regclass(format('app.%I', name)) is null then
		raise exception 'month % has no partition', month using errcode = 'undefined_table';
	end if;
	if exists (select from pg_index where indrelid = format('app.%I', name)::regclass and indisprimary) then
		return false;
	end if;
	execute format('alter table app.%I add primary key (contract_id, stream_id, idx)', name);
	execute format('create index on app.%I (contract_id, start_ms)', name);
	execute format('create index on app.%I (contract_id, workload)', name);
	execute format('create index on app.%I (contract_id, resource)', name);
	execute format('create index on app.%I (contract_id, account)', name);
	return true;
end
$$;

-- BRIN knows new pages only once they are summarised; autovacuum does it within a minute or so, and
-- until then every look-up would read all of them. Settle asks for it: O(new pages).
create function app.partition_summarize(month integer) returns void
language plpgsql security definer set search_path = pg_catalog
as $$
declare
	index regclass;
begin
	for index in select i.indexrelid::regclass from pg_index i
			join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
			where i.indrelid = to_regclass(format('app.%I', app.partition_name(month)))
				and m.amname = 'brin' loop
		perform brin_summarize_new_values(index);
	end loop;
	-- For the look-up that follows in this transaction: without statistics the planner would read
	-- the whole month instead.
	perform set_config('enable_seqscan', 'off', true);
end
$$;
revoke all on function app.partition_summarize(integer) from public;
grant execute on function app.partition_ensure(integer), app.partition_close(integer),
	app.partition_summarize(integer) to ts_service;
