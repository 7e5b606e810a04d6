/* SPDX-License-Identifier: Apache-2.0 */
#include "service/explain.h"
#include <string.h>

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

void ts_explain_json(const struct ts_explanation *e, json_t *object)
{
	json_t *steps = json_array(), *tiers = json_array();
	for (size_t i = 0; i < e->steps_n; i++)
		json_array_append_new(steps,
			json_pack("{s:s,s:s}", "name", e->steps[i].name, "text", e->steps[i].text));
	for (size_t i = 0; i < e->tiers_n; i++) {
		const struct ts_explain_tier *t = &e->tiers[i];
		json_array_append_new(tiers,
			json_pack("{s:i,s:s,s:o,s:s,s:s,s:o,s:o,s:b}", "tier", (int)t->number,
				"over", t->over, "up_to", text_or_null(t->up_to), "unit", e->unit,
				"unit_price", t->unit_price, "flat", text_or_null(t->flat),
				"package_size", text_or_null(t->package), "applies", t->applies));
	}
	json_object_set_new(object, "title", json_string(e->title));
	json_object_set_new(object, "steps", steps);
	json_object_set_new(object, "tiers", tiers);
}

static void tier_text(const struct ts_explanation *e, const char *indent, struct ts_buf *out)
{
	for (size_t i = 0; i < e->tiers_n; i++) {
		const struct ts_explain_tier *t = &e->tiers[i];
		ts_buf_printf(out, "%s%15s%s tier %d: over %s%s%s %s, each %s%s", indent, "",
			t->applies ? ">" : " ", t->number, t->over, t->up_to ? " to " : "",
			t->up_to ? t->up_to : "", e->unit, t->unit_price,
			t->package ? " per package of " : "");
		ts_buf_printf(out, "%s%s%s\n", t->package ? t->package : "",
			t->flat ? ", flat " : "", t->flat ? t->flat : "");
	}
}

void ts_explain_text(const struct ts_explanation *e, const char *indent, struct ts_buf *out)
{
	const char *before = "";
	for (size_t i = 0; i < e->steps_n; i++) {
		const struct ts_explain_step *s = &e->steps[i];
		ts_buf_printf(out, "%s%-13s %s\n", indent,
			strcmp(before, s->name) == 0 ? "" : s->name, s->text);
		if (strcmp(s->name, "counter") == 0)
			tier_text(e, indent, out);
		before = s->name;
	}
}
