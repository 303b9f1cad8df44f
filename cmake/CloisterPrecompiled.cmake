# The headers of others, parsed once, where a cold build counts and nothing is proved by it: which headers a file
# needs is proved by the presets without this option (debug first of all), so no header of ours stands here.
#
# One for libraries and one for tests: clang refuses a precompiled header of code that is -fPIC in code that is -fPIE.
function(cloister_add_precompiled NAME)
  target_precompile_headers(${NAME} PRIVATE ${CLOISTER_PRECOMPILED_HEADERS} ${ARGN})
  target_link_libraries(${NAME} PRIVATE Boost::json)
  # Without a time in it ccache finds again what was built on top of it.
  target_compile_options(${NAME} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()

set(CLOISTER_PRECOMPILED_HEADERS
    <algorithm> <array> <charconv> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional>
    <set> <span> <sstream> <string> <string_view> <thread> <utility> <variant> <vector>
    <boost/json/array.hpp> <boost/json/object.hpp> <boost/json/value.hpp>)

if(CLOISTER_PRECOMPILE)
  set(empty ${CMAKE_BINARY_DIR}/precompiled.cc)
  file(WRITE ${empty} "int main() {}\n")
  add_library(cloister_precompiled STATIC ${empty})
  cloister_add_precompiled(cloister_precompiled)
  add_executable(cloister_precompiled_test ${empty})
  cloister_add_precompiled(cloister_precompiled_test <gmock/gmock.h> <gtest/gtest.h>)
  target_link_libraries(cloister_precompiled_test PRIVATE GTest::gtest GTest::gmock)
endif()

# cloister_precompiled(TARGET FROM): a target that sees Boost.JSON, whose macros the precompiled headers know.
function(cloister_precompiled TARGET FROM)
  if(NOT CLOISTER_PRECOMPILE OR "${TARGET}" MATCHES "^cloister_(base|privacy)(_test)?$")
    return()
  endif()
  target_precompile_headers(${TARGET} REUSE_FROM ${FROM})
  target_compile_options(${TARGET} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()
