// Counts what a piece of code allocates: a figure that is the same on every machine.
//
//   EXPECT_EQ(perf::CountAllocations([&] { vad->Process(frame); }), 0);
//
// Linking it replaces the program's operator new, so it is for tests.
#ifndef PERF_ALLOCATIONS_H_
#define PERF_ALLOCATIONS_H_

#include <cstdint>

namespace perf {

// How often this thread has called operator new since it began. What C code allocates does not
// count.
int64_t ThreadAllocations();

// How often `body` calls operator new, on this thread.
template <typename Body>
int64_t CountAllocations(Body&& body) {
  const int64_t before = ThreadAllocations();
  body();
  return ThreadAllocations() - before;
}

}  // namespace perf

#endif  // PERF_ALLOCATIONS_H_
