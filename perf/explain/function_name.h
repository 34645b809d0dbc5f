// Names of functions, as people read them and as two builds have them in common.
#ifndef PERF_EXPLAIN_FUNCTION_NAME_H_
#define PERF_EXPLAIN_FUNCTION_NAME_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// The name that a function has in every build: without the marks of callgrind for recursion ("'2"),
// of the compiler for copies and parts of it (".isra.0", " [clone .cold]"), and of glibc for
// versions ("@@GLIBC_2.34"). In shared libraries, the versions of memcpy and its like, of which
// glibc chooses one by the processor, have the plain name; memcpy and memmove are the same code,
// "memcpy". Code without a symbol is "0x1234 in libc.so.6", as it has the same address in builds
// that use the same library.
std::string FunctionName(absl::string_view name, absl::string_view object);

// A short form for a line of text: the last two parts of the name, at most kMaxShortNameBytes of
// them, without parameters, template arguments and return type. "Resampler::Push" of
// "bool perf::(anonymous namespace)::Resampler::Push<short>(absl::Span<short const>) const". A
// lambda is "{lambda}".
inline constexpr size_t kMaxShortNameBytes = 100;
std::string ShortFunctionName(absl::string_view name);

// The purpose of a function, where it says more than the name does.
enum class FunctionKind {
  kOther,
  // Takes memory from the heap, or gives it back.
  kAllocation,
  // Copies, fills or compares memory.
  kCopy,
  // Takes or gives back a lock.
  kLock,
};

// The kind of a function, by a name that FunctionName returned.
FunctionKind KindOf(absl::string_view name);

// Whether a function of the kind kAllocation takes memory, as malloc does and free does not.
bool TakesMemory(absl::string_view name);

// Whether a function of the kind kLock takes a lock, as pthread_mutex_lock does, and
// pthread_mutex_unlock, pthread_cond_wait and sem_post do not.
bool TakesLock(absl::string_view name);

// Whether an object is a shared library by its name. Both builds share those of the distribution.
bool IsSharedLibrary(absl::string_view object);

// Whether a name is of the C++ library's namespaces, whose functions do what their callers ask for.
bool IsStandardLibrary(absl::string_view name);

}  // namespace perf

#endif  // PERF_EXPLAIN_FUNCTION_NAME_H_
