# SPDX-License-Identifier: Apache-2.0
# Read by test_audit.sh: what a superuser changes with triggers off, and what the auditor must name. A row
# is the mode, the table, the key (a regular expression); below it the SQL, up to an empty line. :id is the
# contract. Modes: full (found by an audit of the contract that starts over), next (found by the next one),
# big (full, of the contract with many lines), all (found by the next one of everything, schema included).

# --- logs ---
full app.log_leaf ^log 0 idx 3$
update app.log_leaf set data = overlay(data placing '\x41'::bytea from 40) where contract_id = :id and log = 0 and idx = 3

full app.log_leaf ^log 1 idx 2$
update app.log_leaf set data = overlay(data placing '\x39'::bytea from 4) where contract_id = :id and log = 1 and idx = 2

full app.log_leaf ^log 0 idx 4$
update app.log_leaf set hash = sha256('x') where contract_id = :id and log = 0 and idx = 4

full app.log_leaf ^log 0 idx 2$
update app.log_leaf set kind = 3 where contract_id = :id and log = 0 and idx = 2

full app.log_leaf ^log 0 idx 100$
delete from app.log_leaf where contract_id = :id and log = 0 and idx = 100

full app.log_leaf ^log 1 idx 7$
delete from app.log_leaf where contract_id = :id and log = 1 and idx = 7

next app.log_leaf ^log 1 idx
insert into app.log_leaf (contract_id, log, idx, kind, hash, data, created)
select contract_id, log, idx + 1, kind, hash, data, created from app.log_leaf
where contract_id = :id and log = 1 order by idx desc limit 1

full app.log_leaf ^log 0 idx (20|21)$
update app.log_leaf l set data = o.data, hash = o.hash from app.log_leaf o
where l.contract_id = :id and l.log = 0 and l.idx in (20, 21) and o.contract_id = :id and o.log = 0
	and o.idx = 41 - l.idx

full app.log_leaf ^log 1 idx 9$
update app.log_leaf set (data, hash) = (select d.data, sha256('\x00'::bytea || d.data) from (select overlay(data
	placing '\x39'::bytea from octet_length(data)) as data) d)
where contract_id = :id and log = 1 and idx = 9

full app.log_checkpoint ^log 1 size
update app.log_leaf set (data, hash) = (select d.data, sha256('\x00'::bytea || d.data) from (select overlay(data
	placing '\x39'::bytea from octet_length(data)) as data) d)
where contract_id = :id and log = 1 and idx = 9

full app.subtree ^tree -1 idx 0$
update app.subtree set hash = sha256('x') where contract_id = :id and tree = -1 and idx = 0

full app.subtree ^tree -1 idx 0$
delete from app.subtree where contract_id = :id and tree = -1 and idx = 0

full app.subtree ^tree [0-9]+ idx 0$
update app.subtree set hash = sha256('x') where contract_id = :id and tree > 0 and idx = 0

next app.subtree ^tree -2 idx 5$
insert into app.subtree values (:id, -2, 5, sha256('x'))

next app.subtree_high ^tree -1 level 16 idx 0$
insert into app.subtree_high values (:id, -1, 16, 0, sha256('x'))

big app.subtree_high ^tree [0-9]+ level 16 idx 0$
update app.subtree_high set hash = sha256('x')

big app.subtree ^tree [0-9]+ idx 255$
update app.subtree set hash = sha256('x') where idx = 255

big app.usage ^batch [0-9]+ line 60000$
update app.usage set account = 'other' where idx = 60000

next app.contract_lock ^what 0$
update app.contract_lock set size = size - 1 where contract_id = :id and what = 0

next app.contract_lock ^what 1$
update app.contract_lock set root = sha256('x') where contract_id = :id and what = 1

next app.contract_lock ^what 0$
update app.contract_lock set range = set_byte(range, 0, get_byte(range, 0) # 1) where contract_id = :id and what = 0

next app.contract_lock ^what 3$
delete from app.contract_lock where contract_id = :id and what = 3

full app.log_checkpoint ^log 0 size
update app.log_checkpoint set root = sha256('x') where contract_id = :id and log = 0 and size = (select min(size)
	from app.log_checkpoint where contract_id = :id and log = 0)

full app.log_checkpoint ^log 1 size
update app.log_checkpoint set note = set_byte(note, octet_length(note) - 31, case get_byte(note, octet_length(note) - 31) when 65 then 66 else 65 end)
where contract_id = :id and log = 1

full app.log_checkpoint ^log 0 size
update app.log_checkpoint set range = set_byte(range, 0, get_byte(range, 0) # 1) where contract_id = :id and log = 0

next app.log_checkpoint ^log 1 size 100000$
insert into app.log_checkpoint (contract_id, log, size, root, note, created)
select contract_id, log, 100000, root, note, created from app.log_checkpoint where contract_id = :id and log = 1 limit 1

full app.log_pair ^inputs_size
update app.log_pair set journal_size = (select min(size) from app.log_checkpoint where contract_id = :id and log = 1)
where contract_id = :id and inputs_size = (select max(inputs_size) from app.log_pair where contract_id = :id)

full app.log_pair ^inputs_size
delete from app.log_checkpoint where contract_id = :id and log = 1 and size = (select max(journal_size)
	from app.log_pair where contract_id = :id)

full app.log_cosignature ^log 0 size [0-9]+ key witness
update app.log_cosignature set time_s = time_s - 100 where contract_id = :id and log = 0

full app.log_cosignature ^log 1 size [0-9]+ key witness
update app.log_cosignature set line = set_byte(line, octet_length(line) - 21, case get_byte(line, octet_length(line) - 21) when 65 then 66 else 65 end)
where contract_id = :id and log = 1

full app.log_cosignature ^log 0 size [0-9]+ key other$
insert into app.log_cosignature select contract_id, log, size, 'other', time_s, line from app.log_cosignature
where contract_id = :id and log = 0 order by size limit 1

full app.log_published ^log 0 size
update app.log_published set met_s = met_s - 3600 where contract_id = :id and log = 0

full app.log_published ^log 0 size
delete from app.log_cosignature where contract_id = :id and log = 0 and size = (select min(size)
	from app.log_published where contract_id = :id and log = 0)

full app.log_published ^log 0 size 1$
insert into app.log_published select contract_id, log, 1, met_s, published from app.log_published
where contract_id = :id and log = 0 limit 1

# --- the contract, its keys and statements ---
full app.contract_version ^version 1$
update app.contract_version set terms = convert_to(replace(convert_from(terms, 'UTF8'), '2.40', '2.41'), 'UTF8')
where contract_id = :id

full app.contract_version ^version 1$
update app.contract_version set (terms, terms_sha256) = (select t, sha256(t) from convert_to(replace(convert_from(
	terms, 'UTF8'), '2.40', '2.41'), 'UTF8') t) where contract_id = :id

full app.contract_version ^version 1$
update app.contract_version set note = statement where contract_id = :id

next app.contract_version ^version 1$
update app.contract_version set leaf = null where contract_id = :id

next app.contract_version ^version 2$
insert into app.contract_version (contract_id, version, terms, terms_sha256, statement, statement_sha256, note, offered)
select contract_id, 2, terms, sha256('x'), statement, statement_sha256, note, offered from app.contract_version
where contract_id = :id

next app.contract ^contract$
update app.contract set state = 'ended' where contract_id = :id

full app.agent_key ^leaf
update app.agent_key set from_ms = from_ms + 1 where contract_id = :id and origin like '%/c2/agent/g1'

full app.agent_key ^leaf
update app.agent_key set skus = 'h100' where contract_id = :id and origin like '%/c7/agent/g1'

full app.agent_key ^(leaf|stream)
update app.agent_key set public_key = sha256('x') where contract_id = :id and origin like '%/c2/agent/g2'

next app.agent_key ^stream
update app.agent_key set revoked_leaf = null where contract_id = :id and revoked_leaf is not null

next app.agent_key ^stream
update app.agent_key set closed_leaf = leaf + 1 where contract_id = :id and origin like '%/c7/agent/g1'

full app.agent_key ^leaf
delete from app.agent_key where contract_id = :id and origin like '%/c7/agent/g1'

full app.key_directory ^leaf
update app.key_directory set public_key = sha256('x') where contract_id = :id and stream_id = (select stream_id
	from app.agent_key where contract_id = :id and origin like '%/c7/agent/g1')

full app.key_directory ^leaf
delete from app.key_directory where contract_id = :id and stream_id = (select stream_id from app.agent_key
	where contract_id = :id and origin like '%/c7/agent/g1')

full app.revocation ^leaf
update app.revocation set since_ms = since_ms + 86400000 where contract_id = :id

full app.revocation ^leaf
delete from app.revocation where contract_id = :id

full app.revocation ^leaf 7$
insert into app.revocation select contract_id, stream_id, 7, null, null from app.agent_key
where contract_id = :id and origin like '%/c7/agent/g1'

full app.statement ^statement
update app.statement set note = set_byte(note, octet_length(note) - 31, case get_byte(note, octet_length(note) - 31) when 65 then 66 else 65 end)
where contract_id = :id and kind = 'release' and leaf is not null

full app.statement ^statement
update app.statement set serial = serial + 5 where contract_id = :id and kind = 'release' and leaf is not null

full app.statement ^leaf
delete from app.statement where contract_id = :id and kind = 'reattest'

next app.statement ^statement
update app.statement set sha256 = sha256('x') where contract_id = :id and leaf is null

full app.seal ^leaf
update app.seal set through = through + 1 where contract_id = :id and book = 0

full app.seal ^leaf
delete from app.seal where contract_id = :id and book = 1

full app.seal_answer ^leaf
update app.seal_answer set reservation = 'none' where contract_id = :id and reservation is not null

full app.seal_answer ^leaf
delete from app.seal_answer where contract_id = :id and reservation is null

next app.seal_token ^book 0
update app.seal_token set token = token || '\x00' where contract_id = :id

# --- uploads ---
full app.batch ^batch
update app.batch set lines = (select o.lines from app.batch o where o.contract_id = :id and o.leaf = 101)
where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set lines = overlay(lines placing '\x0000'::bytea from octet_length(lines) / 2)
where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set root = sha256('x') where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set usage_n = usage_n + 1 where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set receipt = set_byte(receipt, octet_length(receipt) - 21, case get_byte(receipt, octet_length(receipt) - 21) when 65 then 66 else 65 end)
where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set note = set_byte(note, octet_length(note) - 21, case get_byte(note, octet_length(note) - 21) when 65 then 66 else 65 end)
where contract_id = :id and leaf = 100

full app.batch ^batch
update app.batch set suspects = '{}' where contract_id = :id and suspects <> '{}'

full app.batch ^batch
update app.batch set latest_ms = latest_ms - 1 where contract_id = :id and leaf = 100

full app.batch ^leaf 100$
delete from app.batch where contract_id = :id and leaf = 100

full app.batch ^batch 999999$
insert into app.batch select contract_id, 999999, stream_id, side, 5000, 5001, 0, received, received_month, root,
	note, receipt, lines, lines_bytes, usage_n, void_n, close_n, reversal_n, suspects, void_usage, earliest_ms, latest_ms
from app.batch where contract_id = :id and leaf = 100

full app.usage ^batch [0-9]+ line 1$
update app.usage set quantity = quantity + 1 where contract_id = :id and idx = 1

full app.usage ^batch [0-9]+ line 5$
update app.usage set sku = 'gb200' where contract_id = :id and idx = 5 and tag = 1

full app.usage ^batch [0-9]+ line
update app.usage set void_reason = 'because' where contract_id = :id and tag = 9

full app.usage ^batch [0-9]+ line
update app.usage set record_n = record_n + 1 where contract_id = :id and tag = 2

full app.usage ^batch [0-9]+ line 2$
delete from app.usage where contract_id = :id and idx = 2

full app.usage ^batch [0-9]+ line 3$
insert into app.usage select * from app.usage where contract_id = :id and idx = 3 limit 1

next app.usage ^batch 999999 line 3$
insert into app.usage (contract_id, batch_id, stream_id, idx, start_ms, end_ms, devices_milli, quantity, received,
	side, tag, sku, class, workload, resource, account)
select contract_id, 999999, stream_id, idx, start_ms, end_ms, devices_milli, quantity, received, side, tag, sku,
	class, workload, resource, account from app.usage where contract_id = :id and idx = 3 and tag = 1 limit 1

full app.reversal ^batch [0-9]+ line
update app.reversal set target_index = 0 where contract_id = :id

full app.reversal ^batch [0-9]+ line
delete from app.reversal where contract_id = :id and reason = 'double_count'

full app.window_close ^batch [0-9]+ line
update app.window_close set records = records + 1 where contract_id = :id

full app.window_close ^batch [0-9]+ line
delete from app.window_close where contract_id = :id and records > 0

next app.window_close ^batch 999999 line 1$
insert into app.window_close select contract_id, 999999, 1, stream_id, side, start_ms, end_ms, sku, records, quantity
from app.window_close where contract_id = :id limit 1

next app.period_completeness ^period 0$
update app.period_completeness set closed = closed - 1, missing = missing + 1 where contract_id = :id and period = 0

next app.period_completeness ^period 1$
update app.period_completeness set list = '\x00' where contract_id = :id and period = 1

next app.late_cell ^late
insert into app.late_cell (contract_id, quarter_us, sku, class, quantity) values (:id, 900000000, 'h100', 'on_demand', 5)

next app.credit ^credit
insert into app.credit values (:id, 10, 7, 999999, true, 1, 0, 24316, 0, 500, null, 'none', 'nobody signed it')

next app.fine ^fine
insert into app.fine values (:id, 900000000, 1, 0, 0, '', '', '', 5)

full app.batch_key ^kind 0 value job-1 batch
delete from app.batch_key where contract_id = :id and kind = 0 and value = 'job-1'

full app.batch_cell ^batch [0-9]+ n 0$
update app.batch_cell set quantity = quantity + 1 where contract_id = :id and n = 0

full app.batch_cell ^batch [0-9]+ n 1$
update app.batch_cell set digest = digest + 1 where contract_id = :id and n = 1

full app.batch_cell ^batch [0-9]+ n 2$
delete from app.batch_cell where contract_id = :id and n = 2

full app.usage_cell ^stream
update app.usage_cell set quantity = quantity + 900000000 where contract_id = :id
	and quarter = (select min(quarter) from app.usage_cell where contract_id = :id)

full app.usage_cell ^stream
update app.usage_cell set records = records - 1 where contract_id = :id and records > 0

full app.usage_cell ^stream
update app.usage_cell set digest = -1 where contract_id = :id and records > 0

full app.usage_cell ^stream
delete from app.usage_cell where contract_id = :id
	and quarter = (select max(quarter) from app.usage_cell where contract_id = :id)

full app.usage_cell ^stream
insert into app.usage_cell select contract_id, quarter + 960000, sku, class, account, stream_id, side, records,
	quantity, digest from app.usage_cell where contract_id = :id order by quarter limit 1

next app.stream ^stream
update app.stream set size = size - 1 where contract_id = :id and size > 0

next app.stream ^stream
update app.stream set root = sha256('x') where contract_id = :id and side = 1

next app.stream ^stream
update app.stream set windows = '' where contract_id = :id and windows <> ''

next app.stream ^stream
update app.stream set state = 'live' where contract_id = :id and state = 'quarantined'

next app.stream ^stream
update app.stream set closed_ms = closed_ms + 1 where contract_id = :id

next app.conflict ^stream
update app.conflict set refused_note = accepted_note where contract_id = :id

next app.conflict ^stream
update app.conflict set proof = set_byte(proof, octet_length(proof) - 21, case get_byte(proof, octet_length(proof) - 21) when 65 then 66 else 65 end) where contract_id = :id

next app.stream ^stream
delete from app.conflict where contract_id = :id

# --- decisions ---
full app.verdict ^stream [0-9]+ line [0-9]+ parked
delete from app.verdict where contract_id = :id and kind = 'parked'

full app.verdict ^stream [0-9]+ line [0-9]+ reversed
update app.verdict set by_idx = by_idx + 1 where contract_id = :id and kind = 'reversed'

full app.verdict ^stream [0-9]+ line 1 parked
insert into app.verdict select contract_id, stream_id, 1, 'parked', 'out_of_scope', leaf, 1, null, null from app.batch
	where contract_id = :id and leaf = 100

full app.verdict ^stream [0-9]+ line [0-9]+ contested
update app.verdict set lines = lines - 1 where contract_id = :id and kind = 'contested'

full app.handover ^newer
update app.handover set from_ms = from_ms + 3600000 where contract_id = :id

full app.handover ^newer
delete from app.handover where contract_id = :id

# --- books ---
full app.entry ^entry 4$
update app.entry set effective = effective + 1 where contract_id = :id and entry_id = 4

full app.entry ^entry 5$
update app.entry set source_leaf = source_leaf - 1 where contract_id = :id and entry_id = 5

full app.entry ^entry 6$
delete from app.entry where contract_id = :id and entry_id = 6

next app.entry ^entry 777777$
insert into app.entry select contract_id, 777777, book, kind, posted, effective, service_month, source_leaf,
	line_version, line_kind, line_item, line_tier, line_period, document, document_sha256
from app.entry where contract_id = :id and entry_id = 4

full app.leg ^entry 4 n 0$
update app.leg set amount = amount + 1 where contract_id = :id and entry_id = 4

full app.leg ^entry 4 n 1$
update app.leg set account = 'revenue_capacity' where contract_id = :id and entry_id = 4 and n = 1

full app.leg ^entry 5 n 0$
update app.leg set currency = 'EUR' where contract_id = :id and entry_id = 5

full app.leg ^entry 5 n 1$
delete from app.leg where contract_id = :id and entry_id = 5 and n = 1

full app.leg ^entry 4 n 2$
insert into app.leg select contract_id, entry_id, 2, book, account, debit, amount, currency from app.leg
where contract_id = :id and entry_id = 4 and n = 0

next app.balance ^balance
update app.balance set debit = debit + 1, credit = credit + 1 where contract_id = :id and account = 'unbilled'

next app.balance ^balance
delete from app.balance where contract_id = :id and account = 'payable'

next app.ledger_head ^head$
update app.ledger_head set documents = documents + 1 where contract_id = :id

next app.ledger_head ^head$
update app.ledger_head set inputs_to = inputs_to - 1 where contract_id = :id

next app.measure ^measure
update app.measure set quantity = quantity + 1 where contract_id = :id

next app.waiting ^waiting
update app.waiting set quantity = quantity - 1 where contract_id = :id

next app.unbilled ^unbilled
update app.unbilled set quantity = 0 where contract_id = :id

next app.accrual ^accrual
update app.accrual set accrued = accrued + 1 where contract_id = :id and tier = (select min(tier) from app.accrual
	where contract_id = :id)

next app.billed ^billed
update app.billed set billed = billed - 1 where contract_id = :id

next app.billed ^billed
delete from app.billed where contract_id = :id

next app.taxed ^taxed
update app.taxed set net = net + 1 where contract_id = :id

next app.prepaid ^prepaid
insert into app.prepaid (contract_id, item, document, document_sha256, net, tax, paid, refunded, refunded_tax,
	from_period) select :id, 0, 'X-1', repeat('0', 64), 1, 0, 0, 0, 0, -1

next app.period ^period
update app.period set late_from = late_from + 1 where contract_id = :id

next app.period ^period
update app.period set cut_to = cut_to - 1 where contract_id = :id and idx = 0

next app.cut_line ^cut
update app.cut_line set target = target + 1 where contract_id = :id and cut = 1

full app.cut_line ^cut
update app.cut_line set quantity = quantity + 1 where contract_id = :id and cut = 0

next app.period_cut ^period 0$
update app.period_cut set journal_size = journal_size - 1 where contract_id = :id and period = 0

next app.period_cut ^period 1$
update app.period_cut set journal_root = sha256('x') where contract_id = :id and period = 1

full app.period_state ^period 0$
update app.period_state set sha256 = sha256('x') where contract_id = :id and period = 0

full app.period_state ^period 1$
update app.period_state s set text = (select o.text from app.period_state o where o.contract_id = :id and o.period = 0),
	text_bytes = (select o.text_bytes from app.period_state o where o.contract_id = :id and o.period = 0)
where contract_id = :id and period = 1

full app.period_state ^period 0$
delete from app.period_state where contract_id = :id and period = 0

# --- documents ---
full app.document ^number
update app.document set json = overlay(json placing '\x39'::bytea from octet_length(json) / 2) where contract_id = :id

full app.document ^number
update app.document set (json, sha256) = (select j, sha256(j) from overlay(json placing '\x39'::bytea
	from octet_length(json) / 2) j) where contract_id = :id

full app.document ^number
update app.document set total = total + 100, subtotal = subtotal + 100 where contract_id = :id

full app.document ^number
update app.document set number = 'CLX-000002' where contract_id = :id

full app.document ^number
delete from app.document where contract_id = :id

next app.document ^number CLX-000009$
insert into app.document (contract_id, number, period, cut_leaf, issue_leaf) values (:id, 'CLX-000009', 1, 299999, 300000)

full app.rendering ^number [^ ]+ application/pdf$
update app.rendering set bytes = bytes || '\x00' where contract_id = :id and media_type = 'application/pdf'

full app.rendering ^number [^ ]+ text/csv$
update app.rendering set (bytes, sha256) = (select b, sha256(b) from (select bytes || '\x0a'::bytea as b) x)
where contract_id = :id and media_type = 'text/csv'

full app.rendering ^number [^ ]+ application/xml$
update app.rendering set (bytes, sha256) = (select b, sha256(b) from (select bytes || '\x0a'::bytea as b) x)
where contract_id = :id and media_type = 'application/xml'

# --- what guards the rows ---
all catalog ^trigger app.log_leaf append_only$
alter table app.log_leaf disable trigger append_only

all catalog ^foreign keys app.document$
alter table app.document disable trigger all

all catalog ^relation app.entry$
alter table app.entry no force row level security

all catalog ^policy app.batch tenant$
alter policy tenant on app.batch using (true)

all catalog ^relation app.leg$
grant delete on app.leg to ts_service

all catalog ^columns app.agent_key$
grant update (vkey) on app.agent_key to ts_service

all catalog ^function app.refuse_change
create or replace function app.refuse_change() returns trigger language plpgsql set search_path = pg_catalog
as $$ begin return null; end $$

all catalog ^constraint app.leg leg_amount_check$
alter table app.leg drop constraint leg_amount_check

all catalog ^trigger app.entry extra$
create trigger extra before insert on app.entry for each row execute function app.refuse_change()

all catalog ^partition app.usage_
do $$ begin execute (select format('alter table app.%I disable trigger all', relname) from pg_class
	where relname like 'usage\_20%' and relkind = 'r' order by relname limit 1); end $$

all app.schema_migration ^migration 3$
update app.schema_migration set sha256 = sha256('x') where position = 3
