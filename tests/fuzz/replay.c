/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every file of a corpus folder, then seeded mutations of each: a byte changed, dropped or
 * doubled, a tail cut. */
#include "fuzz/fuzz.h"
#include "support/file.h"
#include "support/seed.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 2000

static void mutate(struct ts_rng *rng, char *bytes, size_t *len, size_t cap)
{
	size_t at = *len == 0 ? 0 : (size_t)ts_rng_below(rng, *len);
	switch (ts_rng_below(rng, 4)) {
	case 0:
		if (*len > 0)
			bytes[at] = (char)ts_rng_below(rng, 256);
		break;
	case 1:
		if (*len > 0)
			memmove(bytes + at, bytes + at + 1, --*len - at);
		break;
	case 2:
		if (*len > 0 && *len < cap) {
			memmove(bytes + at + 1, bytes + at, *len - at);
			++*len;
		}
		break;
	default:
		*len = at;
		break;
	}
}

static void run_file(struct ts_rng *rng, const char *path)
{
	struct ts_file file = ts_file_read(path);
	size_t cap = file.len + 16;
	LLVMFuzzerTestOneInput((const uint8_t *)file.bytes, file.len);
	for (int i = 0; i < MUTATIONS; i++) {
		char *bytes = malloc(cap); /* exact ends: an overrun is seen by the sanitizer */
		size_t len = file.len;
		if (bytes == NULL)
			abort();
		memcpy(bytes, file.bytes, file.len);
		for (uint64_t n = 1 + ts_rng_below(rng, 3); n > 0; n--)
			mutate(rng, bytes, &len, cap);
		uint8_t *exact = malloc(len > 0 ? len : 1);
		if (exact == NULL)
			abort();
		memcpy(exact, bytes, len);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
		free(bytes);
	}
	ts_file_free(&file);
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	if (n < 3) {
		fprintf(stderr, "usage: %s CORPUS (with at least one file)\n", argv[0]);
		return 2;
	}
	uint64_t seed = ts_seed(1);
	struct ts_rng rng = ts_rng_create(seed);
	int files = 0;
	for (int i = 0; i < n; i++) {
		char path[4096];
		if (names[i]->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
			run_file(&rng, path);
			files++;
		}
		free(names[i]);
	}
	free(names);
	printf("%d files, %d mutations each\n", files, MUTATIONS);
	return 0;
}
