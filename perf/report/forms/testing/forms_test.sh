#!/bin/bash
# Bazel's py_test would need a toolchain for one script: forms_test.sh CHECK_FORMS RENDER_SAMPLE
exec python3 "$1" "$2"
