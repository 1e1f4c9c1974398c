#!/usr/bin/env bats
# pip install ./lib/python.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=python
load ../support/python

setup() {
    python_setup
}

@test "pip installs the package, which finds the library by the programs in PATH" {
    cp -r "$ROOT/lib/python" source # pip builds in the folder
    python -m pip install --quiet --disable-pip-version-check --no-index --no-build-isolation --target here ./source
    for file in "$ROOT"/lib/python/shmcast/*.py "$ROOT/lib/python/shmcast/py.typed"; do
        cmp "$file" "here/shmcast/${file##*/}"
    done
    [ "$(PYTHONPATH=here python -c 'import shmcast._library as c; print(c.path)')" = "$BUILD/libshmcast.so.0" ]
    [ "$(sed -n 's/^version = "\(.*\)"/\1/p' source/pyproject.toml)" = "$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")" ]
}
