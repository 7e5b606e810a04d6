-- SPDX-License-Identifier: Apache-2.0
-- Which windows are closed, and what a period's cut found.

-- A good c1 line, as usage has it too: there it lies among the records of the day that it came on,
-- here it is found by its stream and window.
create table app.window_close (
	contract_id bigint not null,
	batch_id bigint not null,
	idx bigint not null,
	stream_id bigint not null,
	side smallint not null,
	start_ms bigint not null,
	end_ms bigint not null check (end_ms > start_ms),
	sku text not null,
	records bigint not null check (records >= 0), -- u1 lines that it counts; 0: a heartbeat
	quantity bigint not null check (quantity >= 0),
	primary key (contract_id, batch_id, idx)
);
create index window_close_start on app.window_close (contract_id, stream_id, start_ms);
select app.make_append_only('app.window_close');
select app.make_tenant('app.window_close', 'side');

-- Lines of before this migration. Whoever migrates is under row-level security as well: all
-- contracts, or rows would be left out without a word.
do $$
declare
	lines bigint;
	batches bigint;
begin
	perform set_config('app.contracts',
		(select coalesce(string_agg(contract_id::text, ','), '') from app.directory), true);
	perform set_config('app.sides', '0,1', true);
	insert into app.window_close (contract_id, batch_id, idx, stream_id, side, start_ms, end_ms, sku,
		records, quantity)
	select contract_id, batch_id, idx, stream_id, side, start_ms, end_ms, sku, record_n, quantity
	from app.usage where tag = 2 and void_reason is null;
	get diagnostics lines = row_count;
	select coalesce(sum(close_n), 0) into batches from app.batch;
	if lines <> batches then
		raise exception '% c1 lines stand in usage, batches have %', lines, batches;
	end if;
	perform set_config('app.contracts', '', true), set_config('app.sides', '', true);
end
$$;

-- Made in the cut's transaction, as of its N. list: the late and missing windows
-- (docs/formats/statements.md); null when there are none, or too many to keep.
create table app.period_completeness (
	contract_id bigint not null references app.contract,
	period integer not null check (period >= 0),
	cut_leaf bigint not null check (cut_leaf >= 0),
	expected bigint not null check (expected = closed + late + missing),
	closed bigint not null check (closed >= 0),
	late bigint not null check (late >= 0),
	missing bigint not null check (missing >= 0),
	list_sha256 bytea not null check (octet_length(list_sha256) = 32),
	list bytea,
	primary key (contract_id, period)
);
select app.make_append_only('app.period_completeness');
select app.make_tenant('app.period_completeness', null);

grant select on app.window_close, app.period_completeness to ts_service, ts_auditor;
grant insert on app.window_close to ts_ingest;
grant insert on app.period_completeness to ts_service;
