# SPDX-License-Identifier: Apache-2.0
# Writes OUT: the file IN as the C string SYMBOL, which HEADER declares.
file(READ ${IN} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
get_filename_component(name ${IN} NAME)
file(WRITE ${OUT} "/* Generated from ${name}; do not edit. */\n#include \"${HEADER}\"\n\n/* Longer than ISO C asks of compilers; gcc and clang take any length. */\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\nconst char ${SYMBOL}[] =\n\t\"${text}\";\n")
