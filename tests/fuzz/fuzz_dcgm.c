/* SPDX-License-Identifier: Apache-2.0 */
/* The source "dcgm": text, JSON, XML or gzip, as its first bytes say. */
#include "fuzz/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import("dcgm", data, size);
}
