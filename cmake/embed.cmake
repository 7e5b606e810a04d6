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
