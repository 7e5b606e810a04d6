# SPDX-License-Identifier: Apache-2.0
# ts_embed_sql(ROOM DIR): compiles DIR/migrations/*.sql and DIR/queries/*.sql into the room.
function(ts_embed_sql room dir)
	file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/migrations/*.sql
		${CMAKE_SOURCE_DIR}/${dir}/queries/*.sql)
	set(out ${CMAKE_BINARY_DIR}/generated/sql.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -DDIR=${CMAKE_SOURCE_DIR}/${dir} -DOUT=${out}
			-P ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
		DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/${dir}/catalog.txt
			${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake)
	target_sources(ts_${room} PRIVATE ${out})
endfunction()

# ts_embed_text(ROOM FILE SYMBOL HEADER): compiles FILE into the room as a string.
function(ts_embed_text room file symbol header)
	set(out ${CMAKE_BINARY_DIR}/generated/${symbol}.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_SOURCE_DIR}/${file} -DOUT=${out}
			-DSYMBOL=${symbol} -DHEADER=${header} -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
		DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake)
	target_sources(ts_${room} PRIVATE ${out})
endfunction()
