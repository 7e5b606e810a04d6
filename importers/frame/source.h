/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_SOURCE_H
#define TS_IMPORTERS_FRAME_SOURCE_H
/* Why: a source turns the items of one foreign format into rows. How bytes become items (lines, a
 * table under a heading, JSON, XML, blocks of "Key: Value"; plain or gzip; with or without a byte
 * order mark) is the frame's work and stands in a table of forms; which form a file has is seen
 * from its first bytes.
 * Adding a source: one x.c and x.h with a struct ts_source, one line in source_table.c, one folder
 * of fixtures with its golden totals, one section in docs/formats/importers.md. */
#include "importers/frame/node.h"
#include "importers/frame/row.h"

#define TS_SOURCE_LINE_BYTES_MAX 65536 /* a Slurm nodelist or job name can be long */
#define TS_SOURCE_ITEM_BYTES_MAX (4u << 20) /* one job with its steps, one series of samples */
#define TS_SOURCE_FIELDS_MAX 64 /* that a source reads */
#define TS_SOURCE_COLUMNS_MAX 512 /* that a table has: legacy AWS reports have 200 and more */
#define TS_SOURCE_PARTITIONS_MAX 32
#define TS_SOURCE_PROFILES_MAX 32
#define TS_SOURCE_SETTINGS_MAX 32

struct ts_catalog;

struct ts_source_partition {
	const char *name;
	const char *sku; /* of its untyped devices; NULL: the default */
};
struct ts_source_profile {
	const char *type; /* as in gres/gpu:TYPE */
	int64_t devices_milli; /* one of it counts as this much of a device */
};
struct ts_source_value {
	const char *name;
	const char *value;
};
/* Borrowed by the source while it is open; everything may be zero but sku and class. */
struct ts_source_options {
	const char *sku; /* of devices that the source does not type */
	const char *class;
	const char *cluster; /* NULL: any; else rows of another cluster are quarantined */
	const char *columns; /* NULL: a heading, or the form's layout; else comma list */
	const char *account; /* for sources without accounts; NULL: "-" */
	/* Rows that run are judged up to here at most, and up to a multiple of the step
	 * (running.h); 0: they are pending. A source whose rows have all ended does not look. */
	int64_t running_until_ms;
	int64_t running_step_ms;
	int64_t epoch_ms; /* of sources with relative times: what second 0 is */
	const struct ts_catalog *catalog; /* for import.h: NULL is the one that is compiled in */
	size_t partitions_n; /* slurm: partitions that have devices */
	struct ts_source_partition partitions[TS_SOURCE_PARTITIONS_MAX];
	size_t profiles_n; /* slurm: what a MIG slice counts as */
	struct ts_source_profile profiles[TS_SOURCE_PROFILES_MAX];
	size_t settings_n; /* --set NAME=VALUE, each named in the source's settings */
	struct ts_source_value settings[TS_SOURCE_SETTINGS_MAX];
};
/* The value of a setting; NULL: not given. Of a repeated one the last. */
const char *ts_source_setting(const struct ts_source_options *options, const char *name);

/* What a source reads. `names` are alternatives with '|' between them; the first that is there and
 * not empty counts. In JSON, XML and blocks a name is a path, "time.start". */
struct ts_field {
	const char *names;
	bool required; /* a table without it is refused; an item without it is quarantined */
};

struct ts_item {
	struct ts_str raw; /* its bytes */
	const struct ts_str *cells; /* by the form's fields; at NULL: not there, or null */
	const struct ts_node *tree; /* JSON, XML, blocks; else NULL */
	int64_t part; /* counts the calls for this item, from 0 (row->more) */
	struct ts_region *region; /* the item's: forgotten with it */
};

enum ts_form_kind {
	TS_FORM_LINES, /* an item is a line; no cells */
	TS_FORM_TABLE, /* an item is a row under a heading */
	TS_FORM_JSON, /* an item is a value at one of the paths in `items` */
	TS_FORM_XML, /* an item is an element with one of the names in `items` */
	TS_FORM_BLOCKS, /* an item is "Key: Value" lines up to a line "%%" */
};
#define TS_TABLE_QUOTED 1u /* RFC 4180: cells in quotes, which may hold separators and LF */
#define TS_TABLE_NOCASE 2u /* names of columns in any case */
#define TS_TABLE_NULL_WORD 4u /* a cell NULL, not quoted, is not there */

struct ts_form {
	enum ts_form_kind kind;
	const struct ts_field *fields;
	size_t fields_n;
	/* Tables. */
	const char *separators; /* ",;": the one that the heading has most of */
	unsigned flags;
	const char *layout; /* names (comma list) of a file without a heading; NULL: there is one */
	const char *rest; /* when this is the last column it takes the rest of the line */
	/* JSON: paths with '|' between them ("jobs|data.result"); an array's elements are the
	 * items, or the value itself when it is none; "" is the root, of which there may be
	 * several. `PATH.*` takes the members of an object. XML: names of elements. */
	const char *items;
	/* Any may be NULL. A heading was read: names of all columns; an error refuses the file. */
	enum ts_err (*heading)(
		void *state, const struct ts_str *names, size_t n, struct ts_why *why);
	/* JSON: what stands beside the items (small values only; it may come before or behind
	 * them); blocks: path "header" and the first line. */
	enum ts_err (*member)(
		void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why);
	/* An error means that the file as a whole cannot be read; a bad row is a verdict. */
	enum ts_err (*row)(
		void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why);
};

struct ts_source {
	const char *name; /* as in `tallystick import NAME` */
	const char *summary; /* one line for --help */
	const char *time_note; /* printed with every report: how its times were read */
	bool relative; /* its times count from the option epoch_ms, which the report states too */
	const struct ts_form *forms; /* at most one of JSON, one of XML, one of the others */
	size_t forms_n;
	const struct ts_source_value *settings; /* name and help of each; NULL: none */
	size_t settings_n;
	size_t state_bytes_max; /* 0: 64 KiB; of the region that open gets */
	/* Options are borrowed. */
	enum ts_err (*open)(const struct ts_source_options *options, struct ts_region *region,
		void **state, struct ts_why *why);
	/* NULL: none. What open took besides the region is given back. */
	void (*close)(void *state);
	/* NULL: none. A file begins, before an envelope is looked at; a file was read to its end,
	 * and an error refuses it. */
	void (*begin)(void *state);
	enum ts_err (*end)(void *state, struct ts_why *why);
	/* NULL: none. Rows that only the end of the input shows: called with part 0, 1, ... while
	 * row->more. A row with verdict left at not_judged is none. */
	enum ts_err (*finish)(void *state, int64_t part, struct ts_row *row, struct ts_why *why);
	/* NULL: none. True for input (its first bytes) that is an envelope; then unwrap gets the
	 * whole of it, at most TS_SOURCE_ITEM_BYTES_MAX, and gives the bytes inside. */
	bool (*wrapped)(struct ts_str head);
	enum ts_err (*unwrap)(void *state, struct ts_str bytes, struct ts_region *region,
		struct ts_str *out, struct ts_why *why);
};
extern const struct ts_source *const ts_sources[]; /* ends with one without a name */
const struct ts_source *ts_source_find(const char *name); /* NULL: unknown */

#endif
