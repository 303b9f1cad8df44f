#!/usr/bin/env bash
# Puts libduckdb.so, duckdb.h and their licences into .tools/duckdb (git-ignored), from two packages of the
# npm registry, each checked against the SHA-512 below. Nothing of a package is ever run: `npm pack` only
# downloads.
#
#   tools/fetch_duckdb.sh            fetch what is missing or altered; silent and quick when all is there
#   tools/fetch_duckdb.sh --check    exit 0 if all is there and unaltered, 1 if not; fetches nothing
#
# The library has no header in its own package, so the header comes from the source package of 1.4.4: all 459
# functions it declares have the same prototypes in 1.5.6 (docs/dependencies.md). Tarballs are kept in
# ${XDG_CACHE_HOME:-~/.cache}/cloister for the next clone, which checks them again. A download that fails is tried three
# times, CLOISTER_RETRY_SECONDS (5) apart.
set -euo pipefail

readonly LIBRARY_PACKAGE='@duckdb/node-bindings-linux-x64@1.5.6-r.1'
readonly LIBRARY_TARBALL='duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz'
readonly LIBRARY_SHA512='IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs'\
'84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q=='
readonly HEADER_PACKAGE='duckdb@1.4.4'
readonly HEADER_TARBALL='duckdb-1.4.4.tgz'
readonly HEADER_SHA512='hEJJ5hyVF0VLj3dmOLpsWrQR0b3d4Ykqtygm6iUXjHJD'\
'DnSqg/USKxcb5qvNrOhFYPgktayU6dXCtgPqcmmpog=='

readonly ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly TARGET="${ROOT}/.tools/duckdb"
readonly TRIES_MAX=3
readonly CACHE="${XDG_CACHE_HOME:-${HOME}/.cache}/cloister"
# SHA-256 of what lies in the target folder, as `sha256sum --check` reads it.
readonly FILES='3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633  libduckdb.so
7e17fd31249fa875cb3b1c5e05c6c3e99b75509f6a2804ca176c217834de1dcb  LICENSE.libduckdb
cbe6a827284375c5a646b8f27dbd3a00808ce8738b5bbb49c190cb1e08540281  duckdb.h
7e17fd31249fa875cb3b1c5e05c6c3e99b75509f6a2804ca176c217834de1dcb  LICENSE.duckdb.h'

say() { printf 'fetch_duckdb: %s\n' "$*" >&2; }
die() { say "error: $1"; say "mend: $2"; exit 1; }

complete() {
  [[ -d ${TARGET} ]] && (cd "${TARGET}" && sha256sum --check --strict --status <<< "${FILES}") 2> /dev/null
}

sha512_of() { openssl dgst -sha512 -binary "$1" | openssl base64 -A; }

# pack_with_patience FOLDER PACKAGE: npm pack, again if it fails, because one hiccup of a network is no
# verdict. What npm says of a failure is shown as it is.
pack_with_patience() {
  local folder=$1 package=$2 try
  for ((try = 1; try <= TRIES_MAX; ++try)); do
    if (cd "${folder}" && npm pack --ignore-scripts --loglevel=error "${package}" > /dev/null 2> npm.log); then
      return 0
    fi
    sed 's/^/  /' "${folder}/npm.log" >&2
    say "${package}: try ${try} of ${TRIES_MAX} failed"
    ((try == TRIES_MAX)) || sleep "${CLOISTER_RETRY_SECONDS:-5}"
  done
  return 1
}

# fetch PACKAGE TARBALL SHA512: leaves a verified ${CACHE}/TARBALL.
fetch() {
  local package=$1 tarball=$2 expected=$3 scratch
  if [[ -f ${CACHE}/${tarball} && $(sha512_of "${CACHE}/${tarball}") == "${expected}" ]]; then
    say "${package}: already in ${CACHE}"
    return
  fi
  command -v npm > /dev/null || die 'npm is not installed' 'sudo apt-get install npm'
  say "${package}: downloading with npm pack"
  scratch="$(mktemp -d "${CACHE}/fetch.XXXXXX")"
  if ! pack_with_patience "${scratch}" "${package}"; then
    rm -rf "${scratch}"
    die "npm could not download ${package} in ${TRIES_MAX} tries; its own words stand above" \
        'check the connection to the npm registry (npm ping) and run this again'
  fi
  if [[ $(sha512_of "${scratch}/${tarball}") != "${expected}" ]]; then
    rm -rf "${scratch}"
    die "${package} is not the file this release was built with (SHA-512 differs)" \
        'do not use it; compare with "npm view PACKAGE dist.integrity" and tell the maintainers'
  fi
  mv "${scratch}/${tarball}" "${CACHE}/${tarball}"  # a rename: another clone sees all of it or nothing
  rm -rf "${scratch}"
}

# extract TARBALL MEMBER NAME: one member of a verified tarball, put in place by a rename.
extract() {
  tar -xzOf "${CACHE}/$1" "$2" > "${TARGET}/$3.part" ||
    die "$2 is not in $1" 'delete the tarball and run this again'
  mv "${TARGET}/$3.part" "${TARGET}/$3"
}

main() {
  if [[ ${1:-} == --check ]]; then complete; exit; fi
  [[ $# -eq 0 ]] || die "unknown argument $1" 'run it without arguments, or with --check'
  if complete; then return; fi
  [[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] ||
    die "$(uname -s) on $(uname -m) is not supported: only the library for Linux on x86-64 is pinned here" \
        'build on an x86-64 Linux machine or in its container image'
  command -v openssl > /dev/null || die 'openssl is not installed' 'sudo apt-get install openssl'
  mkdir -p "${CACHE}" "${TARGET}"
  fetch "${LIBRARY_PACKAGE}" "${LIBRARY_TARBALL}" "${LIBRARY_SHA512}"
  fetch "${HEADER_PACKAGE}" "${HEADER_TARBALL}" "${HEADER_SHA512}"
  extract "${LIBRARY_TARBALL}" package/libduckdb.so libduckdb.so
  extract "${HEADER_TARBALL}" package/src/duckdb/src/include/duckdb.h duckdb.h
  extract "${LIBRARY_TARBALL}" package/LICENSE LICENSE.libduckdb
  extract "${HEADER_TARBALL}" package/LICENSE LICENSE.duckdb.h
  complete || die "the files in ${TARGET} are not the expected ones" 'delete that folder and run this again'
  say "ready: ${TARGET}"
}

main "$@"
