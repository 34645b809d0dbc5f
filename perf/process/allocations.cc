#include "perf/process/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PERF_REPLACES_MALLOC 1
#else
#define PERF_REPLACES_MALLOC 0
#endif

namespace {

// Plain types without a constructor: the first allocations come before main.
thread_local int64_t thread_count = 0;
thread_local int64_t thread_bytes = 0;
std::atomic<bool> process_counts = false;
std::atomic<int64_t> process_count = 0;
std::atomic<int64_t> process_bytes = 0;

void* Counted(void* memory, size_t size) {
  if (memory == nullptr) return nullptr;
  ++thread_count;
  thread_bytes += static_cast<int64_t>(size);
  if (process_counts.load(std::memory_order_relaxed)) {
    process_count.fetch_add(1, std::memory_order_relaxed);
    process_bytes.fetch_add(static_cast<int64_t>(size), std::memory_order_relaxed);
  }
  return memory;
}

}  // namespace

#if PERF_REPLACES_MALLOC

// glibc's own, under the names that it has for replacements of malloc to call.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void* __libc_valloc(size_t size);
void* __libc_pvalloc(size_t size);

void* malloc(size_t size) { return Counted(__libc_malloc(size), size); }
void* calloc(size_t count, size_t size) {
  return Counted(__libc_calloc(count, size), count * size);
}
void* realloc(void* memory, size_t size) { return Counted(__libc_realloc(memory, size), size); }
void* memalign(size_t alignment, size_t size) {
  return Counted(__libc_memalign(alignment, size), size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return Counted(__libc_memalign(alignment, size), size);
}
void* valloc(size_t size) { return Counted(__libc_valloc(size), size); }
void* pvalloc(size_t size) { return Counted(__libc_pvalloc(size), size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* aligned = Counted(__libc_memalign(alignment, size), size);
  if (aligned == nullptr) return ENOMEM;
  *memory = aligned;
  return 0;
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

#else

namespace {

void* Allocate(size_t size) {
  // The program is built without a handler for exhausted memory.
  if (void* memory = Counted(std::malloc(size == 0 ? 1 : size), size)) return memory;
  std::abort();
}

void* AllocateAligned(size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<size_t>(alignment), size) == 0) {
    return Counted(memory, size);
  }
  std::abort();
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

#endif

namespace perf {

Allocations ThreadAllocations() { return {.count = thread_count, .bytes = thread_bytes}; }

Allocations ProcessAllocations() { return {.count = process_count, .bytes = process_bytes}; }

void CountProcessAllocations(bool on) { process_counts = on; }

}  // namespace perf
