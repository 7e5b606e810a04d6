-- SPDX-License-Identifier: Apache-2.0
-- The ingest role's own: nothing here reads or writes anything but evidence.

-- name: ingest_lock
-- in: contract, streams. Locked in order of their keys, so that two groups can't deadlock. The key's
-- revocation is read again under the log's lock; here it only spares work.
select stream_id, state, size, nextval('app.batch_batch_id_seq')
from app.stream where contract_id = $1::bigint and stream_id = any ($2::bigint[])
order by stream_id for no key update

-- name: ingest_advance
-- in: contract, arrays of stream, old size, new size, range, root, note, windows,
-- end of the last closed window; now
update app.stream s
set size = t.new_size, range = t.range, root = t.root, note = t.note, windows = t.windows,
	closed_ms = greatest(s.closed_ms, t.closed_ms), appended = $10::timestamptz
from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[],
	$9::bigint[]) t(stream_id, old_size, new_size, range, root, note, windows, closed_ms)
where s.contract_id = $1::bigint and s.stream_id = t.stream_id and s.size = t.old_size
	and s.state = 'live'

-- name: ingest_keys
-- in: contract, streams; out: those whose key still signs. Run under the log's lock.
select stream_id from app.agent_key
where contract_id = $1::bigint and stream_id = any ($2::bigint[]) and revoked_leaf is null
	and closed_leaf is null

-- name: ingest_copy_usage
copy app.usage (contract_id, batch_id, stream_id, idx, start_ms, end_ms, devices_milli, quantity,
	received, side, tag, sku, class, workload, resource, account, record_n, void_reason)
from stdin (format binary)

-- name: ingest_copy_closes
copy app.window_close (contract_id, batch_id, idx, stream_id, side, start_ms, end_ms, sku, records,
	quantity)
from stdin (format binary)

-- name: ingest_copy_cells
copy app.batch_cell (contract_id, batch_id, n, stream_id, side, quarter, sku, class, account,
	records, quantity, digest)
from stdin (format binary)

-- name: ingest_copy_reversals
copy app.reversal (contract_id, batch_id, stream_id, idx, side, target_origin, target_index, reason)
from stdin (format binary)

-- name: ingest_copy_subtrees
copy app.subtree (contract_id, tree, idx, hash) from stdin (format binary)

-- name: ingest_copy_batches
copy app.batch (contract_id, batch_id, stream_id, side, first_index, end_index, leaf, received,
	received_month, root, note, receipt, lines, lines_bytes, usage_n, void_n, close_n, reversal_n,
	suspects, void_usage, earliest_ms, latest_ms)
from stdin (format binary)

-- name: ingest_touch
-- in: contract, stream, now. Writes something, so that a repeated answer is as durable as the first.
update app.stream set appended = greatest(appended, $3::timestamptz)
where contract_id = $1::bigint and stream_id = $2::bigint

-- name: ingest_conflict
-- in: contract, stream, size, sha256, accepted note, refused note, proof, now
insert into app.conflict (contract_id, stream_id, size, sha256, accepted_note, refused_note, proof, seen)
values ($1::bigint, $2::bigint, $3::bigint, $4::bytea, $5::bytea, $6::bytea, $7::bytea, $8::timestamptz)
on conflict do nothing

-- name: ingest_quarantine
-- in: contract, stream
update app.stream set state = 'quarantined'
where contract_id = $1::bigint and stream_id = $2::bigint and state <> 'quarantined'
