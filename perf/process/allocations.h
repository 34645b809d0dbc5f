// Counts what a piece of code allocates: a figure that is the same on every machine.
//
//   EXPECT_EQ(perf::CountAllocations([&] { vad->Process(frame); }), 0);
//
// Linking it replaces the program's malloc and its like, which operator new and C libraries call,
// so it is for tests. With a sanitizer, which has replaced them already, only operator new counts.
// Each successful call of malloc, calloc, realloc or an aligned form is one allocation of the bytes
// that it asks for.
#ifndef PERF_PROCESS_ALLOCATIONS_H_
#define PERF_PROCESS_ALLOCATIONS_H_

#include <cstdint>

namespace perf {

struct Allocations {
  int64_t count = 0;
  int64_t bytes = 0;
};

// The allocations of this thread since it began.
Allocations ThreadAllocations();

// The allocations of all threads while they are being counted: not from the start, because counting
// across threads slows each allocation down.
Allocations ProcessAllocations();
void CountProcessAllocations(bool on);

// How often `body` allocates, on this thread.
template <typename Body>
int64_t CountAllocations(Body&& body) {
  const int64_t before = ThreadAllocations().count;
  body();
  return ThreadAllocations().count - before;
}

}  // namespace perf

#endif  // PERF_PROCESS_ALLOCATIONS_H_
