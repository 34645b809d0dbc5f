# shellcheck shell=bash
echo "kept" >kept
expect_unchanged kept 0 "" change kept
