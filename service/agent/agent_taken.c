/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_taken.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ts_agent_taken {
	FILE *file;
	void *tree; /* of struct ts_agent_file, by name */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(
		((const struct ts_agent_file *)a)->name, ((const struct ts_agent_file *)b)->name);
}

static const struct ts_agent_file *find(
	const struct ts_agent_taken *taken, const struct ts_agent_file *file)
{
	void *const *node = tfind(file, &taken->tree, compare_names);
	return node ? *node : NULL;
}

static enum ts_err keep(struct ts_agent_taken *taken, const struct ts_agent_file *file)
{
	struct ts_agent_file **node = tsearch(file, &taken->tree, compare_names);
	if (!node)
		return TS_E_NO_MEMORY;
	if (*node != file) {
		**node = *file;
		return TS_OK;
	}
	struct ts_agent_file *copy = malloc(sizeof(*copy));
	if (copy)
		*copy = *file;
	else
		(void)tdelete(file, &taken->tree, compare_names);
	if (!copy)
		return TS_E_NO_MEMORY;
	*node = copy;
	return TS_OK;
}

static bool parse(struct ts_str line, struct ts_agent_file *out)
{
	*out = (struct ts_agent_file){0};
	if (ts_text_u63(ts_str_cut(&line, ' '), &out->bytes) != TS_OK ||
		ts_text_u63(ts_str_cut(&line, ' '), &out->changed_ns) != TS_OK || line.len == 0 ||
		line.len > TS_AGENT_FILE_NAME_MAX)
		return false;
	memcpy(out->name, line.at, line.len);
	return true;
}

/* A last line without its end was cut by a crash: that file is read again. */
static enum ts_err load(struct ts_agent_taken *taken, struct ts_why *why)
{
	char line[TS_AGENT_FILE_NAME_MAX + 64];
	long whole = 0;
	for (long number = 1; fgets(line, sizeof(line), taken->file); number++) {
		struct ts_agent_file file;
		size_t len = strlen(line);
		if (len == 0 || line[len - 1] != '\n')
			break;
		if (!parse((struct ts_str){line, len - 1}, &file))
			return ts_why(why, TS_E_MALFORMED, "taken", "line %ld is damaged", number);
		TS_TRY(keep(taken, &file));
		whole = ftell(taken->file);
	}
	if (ferror(taken->file) || fseek(taken->file, whole, SEEK_SET) != 0 ||
		ftruncate(fileno(taken->file), whole) != 0)
		return ts_why(why, TS_E_IO, "taken", "%s", strerror(errno));
	return TS_OK;
}

enum ts_err ts_agent_taken_open(int dir_fd, struct ts_agent_taken **out, struct ts_why *why)
{
	struct ts_agent_taken *taken = calloc(1, sizeof(*taken));
	if (!taken)
		return TS_E_NO_MEMORY;
	int fd = openat(dir_fd, "taken", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		taken->file = fdopen(fd, "r+");
	if (fd >= 0 && !taken->file)
		(void)close(fd);
	enum ts_err err = taken->file ? load(taken, why)
				      : ts_why(why, TS_E_IO, "taken", "%s", strerror(errno));
	if (err != TS_OK) {
		ts_agent_taken_close(taken);
		return err;
	}
	*out = taken;
	return TS_OK;
}

void ts_agent_taken_close(struct ts_agent_taken *taken)
{
	if (!taken)
		return;
	if (taken->file)
		(void)fclose(taken->file);
	tdestroy(taken->tree, free);
	free(taken);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t n = strlen(end);
	return len >= n && strcmp(text + len - n, end) == 0;
}

static bool is_wanted(const char *name)
{
	return name[0] != '.' && !ends_with(name, ".tmp") && !ends_with(name, ".part") &&
	       strlen(name) <= TS_AGENT_FILE_NAME_MAX && !strchr(name, '\n');
}

static int compare_files(const void *a, const void *b)
{
	const struct ts_agent_file *x = a;
	const struct ts_agent_file *y = b;
	if (x->changed_ns != y->changed_ns)
		return x->changed_ns < y->changed_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct list {
	struct ts_agent_file *at;
	size_t n, cap;
};

static enum ts_err put(struct list *list, const struct ts_agent_file *file, struct ts_why *why)
{
	if (list->n == TS_AGENT_FILES_MAX)
		return ts_why(why, TS_E_LIMIT, "files", "more than %d files wait to be read",
			TS_AGENT_FILES_MAX);
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct ts_agent_file *grown = realloc(list->at, cap * sizeof(*grown));
		if (!grown)
			return TS_E_NO_MEMORY;
		list->at = grown;
		list->cap = cap;
	}
	list->at[list->n++] = *file;
	return TS_OK;
}

static enum ts_err walk(const struct ts_agent_taken *taken, DIR *dir, int64_t before_ns,
	struct list *list, struct ts_why *why)
{
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		struct ts_agent_file file = {0};
		struct stat info;
		if (!is_wanted(entry->d_name) ||
			fstatat(dirfd(dir), entry->d_name, &info, 0) != 0 || !S_ISREG(info.st_mode))
			continue;
		memcpy(file.name, entry->d_name, strlen(entry->d_name));
		file.bytes = info.st_size;
		file.changed_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
		const struct ts_agent_file *known = find(taken, &file);
		if (file.changed_ns > before_ns || (known && known->bytes == file.bytes &&
							   known->changed_ns == file.changed_ns))
			continue;
		TS_TRY(put(list, &file, why));
	}
	return TS_OK;
}

enum ts_err ts_agent_taken_list(struct ts_agent_taken *taken, const char *folder, int64_t now_ns,
	int64_t quiet_ns, struct ts_agent_file **out, size_t *n, struct ts_why *why)
{
	struct list list = {0};
	DIR *dir = opendir(folder);
	if (!dir)
		return ts_why(why, TS_E_IO, folder, "%s", strerror(errno));
	enum ts_err err = walk(taken, dir, now_ns - quiet_ns, &list, why);
	(void)closedir(dir);
	if (err != TS_OK) {
		free(list.at);
		return err;
	}
	if (list.n)
		qsort(list.at, list.n, sizeof(list.at[0]), compare_files);
	*out = list.at;
	*n = list.n;
	return TS_OK;
}

enum ts_err ts_agent_taken_add(
	struct ts_agent_taken *taken, const struct ts_agent_file *file, struct ts_why *why)
{
	if (fprintf(taken->file, "%lld %lld %s\n", (long long)file->bytes,
		    (long long)file->changed_ns, file->name) < 0 ||
		fflush(taken->file) != 0 || fdatasync(fileno(taken->file)) != 0)
		return ts_why(why, TS_E_IO, "taken", "%s", strerror(errno));
	return keep(taken, file);
}
