#include "perf/process/memory.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"

namespace perf {
namespace {

constexpr int64_t kMegabytes = 64;

// Occupies so much, and gives it back to the kernel, past any allocator.
void Occupy() {
  constexpr size_t kBytes = size_t{kMegabytes} << 20;
  void* const pages =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 'x', kBytes);
  munmap(pages, kBytes);
}

TEST(MemoryTest, ThePeakIsOfWhatWasOccupiedSinceItWasReset) {
  if (!ResetPeakResidentBytes()) GTEST_SKIP() << "the kernel resets no peak";
  const int64_t before = PeakResidentBytes();
  EXPECT_GT(before, 0);
  Occupy();
  const int64_t after = PeakResidentBytes();
  EXPECT_GE(after - before, (kMegabytes - 2) << 20);
  EXPECT_LE(ResidentBytes(), after);
  ASSERT_TRUE(ResetPeakResidentBytes());
  EXPECT_LT(PeakResidentBytes(), after - ((kMegabytes / 2) << 20));
}

}  // namespace
}  // namespace perf
