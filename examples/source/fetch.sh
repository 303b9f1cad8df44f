#!/usr/bin/env bash
# How source/randhie.csv came here: out of a Debian package that is downloaded and unpacked, never installed.
#
#   examples/source/fetch.sh       downloads it again and compares it with the committed file
set -euo pipefail

readonly HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly MEMBER='usr/lib/python3/dist-packages/statsmodels/datasets/randhie/randhie.csv'
readonly SHA256='9f6c87d05aef087a82cc4465310c8cd3f38327be6eafa43bd81fb98c4f3d088c'

scratch="$(mktemp -d)"
trap 'rm -rf "${scratch}"' EXIT
(cd "${scratch}" && apt-get download python3-statsmodels && dpkg -x python3-statsmodels_*.deb unpacked)
sha256sum --check --quiet <<< "${SHA256}  ${scratch}/unpacked/${MEMBER}"
cmp "${scratch}/unpacked/${MEMBER}" "${HERE}/randhie.csv"
printf 'source/randhie.csv is the file of Debian'\''s python3-statsmodels\n'
