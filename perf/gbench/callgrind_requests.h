// The requests that a program makes to callgrind; outside of callgrind they do nothing. Where
// Valgrind is not installed, nothing can be counted, and the requests are empty.
#ifndef PERF_GBENCH_CALLGRIND_REQUESTS_H_
#define PERF_GBENCH_CALLGRIND_REQUESTS_H_

#if __has_include("valgrind/callgrind.h")
#include "valgrind/callgrind.h"  // IWYU pragma: export
#else
#define CALLGRIND_START_INSTRUMENTATION static_cast<void>(0)
#define CALLGRIND_STOP_INSTRUMENTATION static_cast<void>(0)
#define CALLGRIND_TOGGLE_COLLECT static_cast<void>(0)
#define CALLGRIND_ZERO_STATS static_cast<void>(0)
#define CALLGRIND_DUMP_STATS static_cast<void>(0)
#endif

#endif  // PERF_GBENCH_CALLGRIND_REQUESTS_H_
