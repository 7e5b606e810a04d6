-- SPDX-License-Identifier: Apache-2.0
-- What protects tables: the scope of a transaction, append-only triggers, row-level security.
-- All functions name objects in full and pin their search_path.

-- The scope, set with set_config(..., true) in each transaction. Once a session has set it, it reads
-- as '' and not as null after the transaction: nullif, else the cast fails instead of hiding rows.
create function app.contracts() returns bigint[]
language sql stable parallel safe set search_path = pg_catalog
return string_to_array(nullif(current_setting('app.contracts', true), ''), ',')::bigint[];

-- 0: provider's streams and book, 1: consumer's.
create function app.sides() returns smallint[]
language sql stable parallel safe set search_path = pg_catalog
return string_to_array(nullif(current_setting('app.sides', true), ''), ',')::smallint[];

create function app.party() returns bigint
language sql stable parallel safe set search_path = pg_catalog
return nullif(current_setting('app.party', true), '')::bigint;

grant execute on function app.contracts(), app.sides(), app.party() to ts_ingest, ts_service, ts_auditor;

create function app.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	raise exception '% on %.% is refused: the table is append-only', tg_op, tg_table_schema, tg_table_name
		using errcode = 'restrict_violation';
end
$$;

-- For tables in which some columns may change: the rest, deletion and truncation are refused.
create function app.refuse_update_of() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
	o jsonb := to_jsonb(old) - tg_argv;
	n jsonb := to_jsonb(new) - tg_argv;
begin
	if o is distinct from n then
		raise exception 'update of %.% is refused: only % may change', tg_table_schema, tg_table_name, tg_argv
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;

-- Statement triggers: one firing however many rows. A partition needs its own, because a statement
-- that names it does not fire its parent's.
create function app.make_append_only(t regclass) returns void
language plpgsql set search_path = pg_catalog
as $$
begin
	execute format('create trigger append_only before update or delete or truncate on %s '
		'for each statement execute function app.refuse_change()', t);
end
$$;

create function app.make_changeable(t regclass, columns text[]) returns void
language plpgsql set search_path = pg_catalog
as $$
begin
	execute format('create trigger append_only before delete or truncate on %s '
		'for each statement execute function app.refuse_change()', t);
	execute format('create trigger change_only before update on %s '
		'for each row execute function app.refuse_update_of(%s)', t,
		(select string_agg(quote_literal(c), ',') from unnest(columns) c));
end
$$;

-- side: the column that says whose stream or book a row belongs to; null: seen by both.
create function app.make_tenant(t regclass, side name) returns void
language plpgsql set search_path = pg_catalog
as $$
declare
	rule text := 'contract_id = any ((select app.contracts())::bigint[])';
begin
	if side is not null then
		rule := rule || format(' and %I = any ((select app.sides())::smallint[])', side);
	end if;
	execute format('alter table %s enable row level security', t);
	execute format('alter table %s force row level security', t);
	execute format('create policy tenant on %s using (%s) with check (%s)', t, rule, rule);
end
$$;
