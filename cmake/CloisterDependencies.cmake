# Libraries from Debian, and DuckDB from npm (tools/fetch_duckdb.sh checks its hash). Each has one owner
# room, docs/dependencies.md says which and why; tools/layers.txt enforces it.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
find_package(spdlog REQUIRED)

set(CLOISTER_DUCKDB_DIR ${CMAKE_SOURCE_DIR}/.tools/duckdb CACHE PATH "folder with duckdb.h and libduckdb.so")
add_library(cloister_duckdb SHARED IMPORTED)
set_target_properties(cloister_duckdb PROPERTIES
  IMPORTED_LOCATION ${CLOISTER_DUCKDB_DIR}/libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES ${CLOISTER_DUCKDB_DIR})
