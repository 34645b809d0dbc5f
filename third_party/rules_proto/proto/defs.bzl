"""The rules_proto names for Bazel 4's native protocol buffer rules."""

proto_library = native.proto_library
proto_lang_toolchain = native.proto_lang_toolchain
