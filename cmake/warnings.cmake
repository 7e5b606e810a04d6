# SPDX-License-Identifier: Apache-2.0
# Warnings are errors for both compilers; release builds are hardened as OpenSSF advises.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum
	-Wvla -Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference -Wundef -Wformat=2
	-fno-strict-overflow -fstack-protector-strong)
option(TS_WERROR "treat warnings as errors" ON)
if(TS_WERROR)
	add_compile_options(-Werror)
endif()
option(TS_FUZZ "libFuzzer drives the fuzz targets (clang)" OFF)
if(TS_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link) # coverage of every room, not of the target alone
endif()
option(TS_SANITIZE "address and undefined behaviour sanitizers" OFF)
if(TS_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT TS_SANITIZE)
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection
		-fcf-protection=full)
	add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
	set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
endif()
