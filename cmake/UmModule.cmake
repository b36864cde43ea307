# SPDX-License-Identifier: GPL-2.0-or-later
# UmModule - modules of umview.
#
# um_module(NAME SOURCES … [LIBS …] [INCLUDES …] [DEFINES …])
#	NAME.so in ${CMAKE_BINARY_DIR}/modules, installed to
#	${CMAKE_INSTALL_LIBDIR}/umview/modules, with its page umview-NAME.7.
#	Symbols of the monitor (um_next_*, um_log…) stay undefined: umview
#	provides them. If NAME_test.c exists it becomes the unit test NAME,
#	linked with the module's objects and the layers of the monitor.
#
# um_fuse_module(NAME SOURCES … [LIBS …] …)
#	The same for the source of a FUSE file system: compiled with the flags
#	of pkg-config fuse3 (um_fuse_flags); its fuse_* calls are served by umfuse.so. The
#	source defines FUSE_USE_VERSION itself.
#
# All file names are relative to the folder of the module.

pkg_check_modules(UM_FUSE3 QUIET fuse3)
# For whatever includes <fuse.h>. Zero is a usual value of its flag enums.
add_library(um_fuse_flags INTERFACE)
target_compile_options(um_fuse_flags INTERFACE ${UM_FUSE3_CFLAGS}
	$<$<C_COMPILER_ID:Clang>:-Wno-assign-enum>)
target_link_libraries(um_fuse_flags INTERFACE um_api)

set(UM_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/umview/modules)

function(um_module)
	if("${ARGV0}" STREQUAL "NAME")
		list(POP_FRONT ARGV)
	endif()
	list(POP_FRONT ARGV name)
	cmake_parse_arguments(M "" "" "SOURCES;LIBS;INCLUDES;DEFINES;OPTIONS"
		${ARGV})
	if(NOT M_SOURCES)
		set(M_SOURCES ${name}.c)
	endif()

	# The objects once, for the module and for its test.
	add_library(${name}-objects STATIC ${M_SOURCES})
	set_target_properties(${name}-objects PROPERTIES
		POSITION_INDEPENDENT_CODE ON)
	target_include_directories(${name}-objects PUBLIC
		${CMAKE_CURRENT_SOURCE_DIR} ${M_INCLUDES})
	target_compile_definitions(${name}-objects PUBLIC ${M_DEFINES})
	target_compile_options(${name}-objects PUBLIC ${M_OPTIONS})
	target_link_libraries(${name}-objects PUBLIC um_api ${M_LIBS}
		Threads::Threads)

	add_library(${name} MODULE ${CMAKE_SOURCE_DIR}/cmake/empty.c)
	target_link_libraries(${name} PRIVATE
		$<LINK_LIBRARY:WHOLE_ARCHIVE,${name}-objects>)
	set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so"
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
	install(TARGETS ${name} LIBRARY DESTINATION ${UM_MODULE_DIR})

	if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/umview-${name}.7)
		install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/umview-${name}.7
			DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
	endif()
	if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}_test.c)
		um_unit_test(NAME ${name} SOURCES ${name}_test.c
			LIBS ${name}-objects CORE)
	endif()
endfunction()

function(um_fuse_module)
	if(NOT UM_FUSE3_FOUND)
		message(STATUS "fuse3 not found: module ${ARGV0} is left out")
		return()
	endif()
	list(APPEND ARGV LIBS um_fuse_flags)
	um_module(${ARGV})
endfunction()
