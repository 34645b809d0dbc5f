// What the tests of defs.bzl give to perf_test. Nothing of it runs.
int main() { return 1; }
