-- SPDX-License-Identifier: Apache-2.0
-- What settle needs to decide in log order which lines count.

-- u1 lines that parse and are void all the same; first start and last end of the good ones, so that
-- the batches around an instant are found without their lines. Older batches: any.
alter table app.batch
	add column void_usage bigint[] not null default '{}',
	add column earliest_ms bigint not null default 0,
	add column latest_ms bigint not null default 9223372036854775807;
create index batch_latest on app.batch (contract_id, stream_id, latest_ms);
create index batch_void_usage on app.batch (contract_id) where void_usage <> '{}';

-- A key ends by its successor's key statement (closed_leaf), or by a revocation (revoked_leaf: the
-- first one), or both.
alter table app.agent_key add column closed_leaf bigint check (closed_leaf > leaf);
drop trigger change_only on app.agent_key;
update app.agent_key set closed_leaf = revoked_leaf, revoked_leaf = null
where compromised_since_ms = 9223372036854775807;
alter table app.agent_key drop column compromised_since_ms;
create trigger change_only before update on app.agent_key
	for each row execute function app.refuse_update_of('revoked_leaf', 'closed_leaf');
grant update (closed_leaf) on app.agent_key to ts_service;

-- End of the last window that a c1 closed: where a successor may begin.
alter table app.stream add column closed_ms bigint not null default 0;
drop trigger change_only on app.stream;
create trigger change_only before update on app.stream for each row
	execute function app.refuse_update_of('state', 'size', 'range', 'root', 'note', 'windows',
		'appended', 'closed_ms');

-- since_ms, covered: null when the key was lost or retired and what it signed stays good.
create table app.revocation (
	contract_id bigint not null,
	stream_id bigint not null,
	leaf bigint not null check (leaf >= 0),
	since_ms bigint check (since_ms >= 0),
	covered bigint check (covered >= 0 and covered <= leaf),
	primary key (contract_id, stream_id, leaf),
	foreign key (contract_id, stream_id) references app.agent_key,
	check ((since_ms is null) = (covered is null))
);
select app.make_append_only('app.revocation');
select app.make_tenant('app.revocation', null);
grant select, insert on app.revocation to ts_service;
grant select on app.revocation to ts_auditor;

-- Where a scope passed from one provider stream to a newer one: what the older asserts from from_ms
-- on is parked (within_scope: only what lies in the newer one's scope).
create table app.handover (
	contract_id bigint not null,
	newer_id bigint not null,
	older_id bigint not null,
	from_ms bigint not null,
	within_scope boolean not null,
	leaf bigint not null, -- of the newer one's key statement
	primary key (contract_id, newer_id, older_id),
	foreign key (contract_id, newer_id) references app.agent_key,
	foreign key (contract_id, older_id) references app.agent_key
);
create index handover_older on app.handover (contract_id, older_id);
select app.make_append_only('app.handover');
select app.make_tenant('app.handover', null);
grant select, insert on app.handover to ts_service;
grant select on app.handover to ts_auditor;

-- A verdict is about lines [idx, idx + lines). by_*: the r1 line that reversed it (null in rows of
-- before).
alter table app.verdict
	drop constraint verdict_pkey,
	drop constraint verdict_kind_check,
	add column lines bigint not null default 1 check (lines > 0),
	add column by_stream bigint,
	add column by_idx bigint,
	add primary key (contract_id, stream_id, idx, kind, leaf),
	add check (kind in ('parked', 'reversed', 'refused', 'contested', 'reattested', 'released'));
create index verdict_range on app.verdict (contract_id, stream_id, leaf)
	where kind in ('contested', 'reattested', 'released');
create index verdict_kind on app.verdict (contract_id, stream_id, kind, idx, leaf);

-- Lateness is decided once, by the leaf of a line's own batch: leaves from late_from on are too late
-- for the period; 0: not decided yet.
alter table app.period add column late_from bigint not null default 0 check (late_from >= 0);
create or replace function app.refuse_reopening() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.cut and (not new.cut or new.cut_leaf <> old.cut_leaf or new.cut_to <> old.cut_to)
		or old.issued and not new.issued
		or old.late_from <> 0 and new.late_from <> old.late_from then
		raise exception 'period % of contract % is cut', old.idx, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
