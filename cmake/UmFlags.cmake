# SPDX-License-Identifier: GPL-2.0-or-later
# UmFlags - the compiler flags of every target, as interfaces to link to:
#
#	um_flags	the monitor, modules, libraries, unit tests
#	um_api		um_flags and the public headers <umview/…>
#	um_guest_flags	programs that run as guests (commands, tests/sys):
#			the same without sanitizers, whose runtimes claim the
#			addresses and the signals that the view needs
#
# The agent links none of them (UmAgent.cmake).

add_library(um_guest_flags INTERFACE)
add_library(um_flags INTERFACE)
target_link_libraries(um_flags INTERFACE um_guest_flags)

target_compile_definitions(um_guest_flags INTERFACE
	_GNU_SOURCE UM_VERSION="${PROJECT_VERSION}")
target_include_directories(um_guest_flags INTERFACE
	${CMAKE_SOURCE_DIR}/umview/include)

target_compile_options(um_guest_flags INTERFACE
	-fno-common -fstack-protector-strong
	-Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings
	-Wformat=2 -Wcast-qual -Wimplicit-fallthrough -Wswitch-enum -Wdate-time
	-Wmissing-declarations
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wold-style-definition>
	$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wnested-externs>)

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(um_guest_flags INTERFACE
		-Wduplicated-cond -Wduplicated-branches -Wlogical-op
		$<$<COMPILE_LANGUAGE:C>:-Wjump-misses-init>)
elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang")
	target_compile_options(um_guest_flags INTERFACE
		-Wthread-safety -Wconditional-uninitialized -Wcomma
		-Wassign-enum)
endif()
if(UM_WERROR)
	target_compile_options(um_guest_flags INTERFACE -Werror)
endif()

if(UM_SANITIZE)
	set(um_sanitize_flags -fsanitize=${UM_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	if(UM_FUZZ)
		list(APPEND um_sanitize_flags -fsanitize=fuzzer-no-link)
	endif()
	target_compile_options(um_flags INTERFACE ${um_sanitize_flags})
	target_link_options(um_flags INTERFACE ${um_sanitize_flags})
elseif(CMAKE_BUILD_TYPE MATCHES "^Rel")
	target_compile_options(um_flags INTERFACE
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
		-fstack-clash-protection)
	target_link_options(um_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

add_library(um_api INTERFACE)
target_link_libraries(um_api INTERFACE um_flags)

# um_add_folder(DIR): add_subdirectory when it has a CMakeLists.txt. What only
# the build needs goes below obj/, so that bin/, modules/, tests/… hold results.
function(um_add_folder dir)
	cmake_path(ABSOLUTE_PATH dir OUTPUT_VARIABLE path
		BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
	if(EXISTS ${path}/CMakeLists.txt)
		cmake_path(RELATIVE_PATH path
			BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE obj)
		add_subdirectory(${path} ${CMAKE_BINARY_DIR}/obj/${obj})
	endif()
endfunction()
