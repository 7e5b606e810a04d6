/* SPDX-License-Identifier: Apache-2.0 */
/* A note that is accepted is its text, a blank line and its signature lines, nothing else. */
#include "evidence/note.h"
#include "evidence/event.h"
#include "evidence/revocation.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_note note;
	struct ts_why why = {0};
	struct ts_contract_statement contract;
	struct ts_key_statement key;
	struct ts_event event;
	struct ts_period_statement period;
	struct ts_reservation reservation;
	struct ts_revocation revocation;
	struct ts_reattestation reattestation;
	struct ts_str bytes = {(const char *)data, size};
	if (ts_note_parse(bytes, &note, &why) != TS_OK)
		return 0;
	size_t lines = 0;
	for (size_t i = 0; i < note.n; i++)
		lines += note.lines[i].line.len;
	TS_ASSERT(note.n > 0 && note.text.len + 1 + lines == size);
	enum ts_err errs[] = {ts_contract_statement_parse(note.text, &contract, &why),
		ts_key_statement_parse(note.text, &key, &why),
		ts_event_parse(note.text, &event, &why),
		ts_period_statement_parse(note.text, &period, &why),
		ts_reservation_parse(note.text, &reservation, &why),
		ts_revocation_parse(note.text, &revocation, &why),
		ts_reattestation_parse(note.text, &reattestation, &why)};
	int accepted = 0;
	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++)
		accepted += errs[i] == TS_OK;
	TS_ASSERT(accepted <= 1); /* one text has one meaning */
	return 0;
}
