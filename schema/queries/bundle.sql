-- SPDX-License-Identifier: Apache-2.0
-- What a bundle is written from: append-only rows below sizes that were fixed first.

-- name: bundle_issue
-- in: contract, period; out: the leaf that issued its document
select issue_leaf from app.document
where contract_id = $1::bigint and period = $2::integer and state = 'issued'
order by issue_leaf desc limit 1

-- name: bundle_pair
-- in: contract, leaf; out: inputs and journal size (0: empty) of the first pair above it that a quorum
-- has cosigned in both logs; while there is none, of the first that is signed
select t.inputs_size, t.journal_size from (
	(select 0 as rank, p.inputs_size, coalesce(p.journal_size, 0) as journal_size from app.log_pair p
	where p.contract_id = $1::bigint and p.inputs_size > $2::bigint
		and exists (select from app.log_published i
			where i.contract_id = p.contract_id and i.log = 0 and i.size = p.inputs_size)
		and (p.journal_size is null or exists (select from app.log_published j
			where j.contract_id = p.contract_id and j.log = 1 and j.size = p.journal_size))
	order by p.inputs_size limit 1)
	union all
	(select 1, p.inputs_size, coalesce(p.journal_size, 0) from app.log_pair p
	where p.contract_id = $1::bigint and p.inputs_size > $2::bigint
	order by p.inputs_size limit 1)
) t
order by t.rank limit 1

-- name: bundle_checkpoints
-- in: contract, log, sizes (after, below), limit; out: cosigned checkpoints with their cosignatures
select c.size, c.note || (select string_agg(s.line, ''::bytea order by s.time_s, s.key_name)
	from app.log_cosignature s
	where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size)
from app.log_checkpoint c
where c.contract_id = $1::bigint and c.log = $2::smallint and c.size > $3::bigint
	and c.size < $4::bigint and exists (select from app.log_cosignature s
		where s.contract_id = c.contract_id and s.log = c.log and s.size = c.size)
order by c.size limit $5::integer

-- name: bundle_streams
-- in: contract, leaf; out: provider streams with uploads below it, by the bytes of their origin
select k.stream_id, k.public_id from app.agent_key k
where k.contract_id = $1::bigint and k.side = 0 and exists (select from app.batch b
	where b.contract_id = k.contract_id and b.stream_id = k.stream_id and b.leaf < $2::bigint)
order by k.origin collate "C"

-- name: bundle_lines
-- in: contract, stream, first index, leaf; out: the upload that begins there, if below the leaf
select end_index, lines_bytes, lines from app.batch
where contract_id = $1::bigint and stream_id = $2::bigint and first_index = $3::bigint
	and leaf < $4::bigint

-- name: bundle_documents
-- in: contract, issue leaves (after, below), limit; out: documents that the journal names
select d.issue_leaf, d.sha256, d.json from app.document d
where d.contract_id = $1::bigint and d.state = 'issued' and d.issue_leaf > $2::bigint
	and d.issue_leaf < $3::bigint and exists (select from app.entry e
		where e.contract_id = d.contract_id and e.document = d.number)
order by d.issue_leaf limit $4::integer
