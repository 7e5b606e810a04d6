/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SUPPORT_TEST_H
#define TS_SUPPORT_TEST_H
/* Why: cmocka wants four headers in this order, and an error code reads better by its name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"

/* Compares two enum ts_err; a failure prints the codes' names. */
#define assert_err(expr, expected) assert_string_equal(ts_err_code(expr), ts_err_code(expected))
#define assert_ok(expr) assert_err(expr, TS_OK)

#endif
