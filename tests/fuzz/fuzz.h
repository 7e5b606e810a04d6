/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_FUZZ_H
#define TS_TESTS_FUZZ_H
/* Why: the same entry point for libFuzzer and for the replay under ctest. A target checks what must
 * hold for any bytes: no crash, and that what is accepted has one spelling. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
