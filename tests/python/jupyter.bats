#!/usr/bin/env bats
# JupyterLab with jupyter-server-proxy, in Chromium.
bats_require_minimum_version 1.5.0
# bats file_tags=python
load ../support/python

setup() {
    python_setup
    skip_missing chromium node
    python_program jupyterlab || skip "no JupyterLab here"
}

@test "a notebook in JupyterLab shows a stream and sends input to it, through the proxy of JupyterLab" {
    export PYTHON_VENV=$TESTS/python/venv
    scenario jupyter "a notebook in JupyterLab shows a stream and sends input to it, through the proxy of JupyterLab"
    wait_until 20 no_process "$S"
}
