# SPDX-License-Identifier: GPL-2.0-or-later
# UmAgent - the static ELF that lives in every guest.
#
# um_agent(SOURCES … LINKER_SCRIPT file)
#	${CMAKE_BINARY_DIR}/libexec/umview-agent, installed to
#	${CMAKE_INSTALL_LIBEXECDIR}/umview. It does not link um_flags: no
#	sanitizer, no fortify, no stack protector may reach it, also not by
#	CFLAGS of the environment (hence the -fno-… at the end). It has frame
#	pointers: agent/frame.h.

function(um_agent)
	cmake_parse_arguments(A "" "LINKER_SCRIPT" "SOURCES" ${ARGV})
	add_executable(umview-agent ${A_SOURCES})
	set_target_properties(umview-agent PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libexec
		POSITION_INDEPENDENT_CODE OFF
		LINK_DEPENDS ${A_LINKER_SCRIPT})
	target_include_directories(umview-agent PRIVATE
		${CMAKE_SOURCE_DIR}/umview
		${CMAKE_SOURCE_DIR}/umview/include)
	target_compile_options(umview-agent PRIVATE
		-ffreestanding -fno-pic -fno-pie
		-fno-stack-protector -mgeneral-regs-only -fvisibility=hidden
		-fno-asynchronous-unwind-tables -fno-unwind-tables
		-fno-omit-frame-pointer -mno-red-zone -fcf-protection=none -fno-common
		-U_FORTIFY_SOURCE -fno-sanitize=all -fno-lto
		-Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith
		-Wwrite-strings -Wcast-qual -Wimplicit-fallthrough
		-Wswitch-enum
		$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
		$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
		$<$<BOOL:${UM_WERROR}>:-Werror>
		-O2)
	target_link_options(umview-agent PRIVATE
		-nostdlib -static $<$<C_COMPILER_ID:GNU>:-no-pie>
		-Wl,-T,${A_LINKER_SCRIPT}
		-Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-undefined
		-fno-sanitize=all -fno-lto)
	install(TARGETS umview-agent
		DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/umview)
endfunction()
