#include "perf/process/allocations.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(AllocationsTest, CountsWhatABodyAllocates) {
  EXPECT_EQ(CountAllocations([] {}), 0);
  // Kept beyond the body, because the compiler may leave out an allocation that nobody sees.
  std::vector<int> numbers;
  std::unique_ptr<std::string> text;
  EXPECT_EQ(CountAllocations([&] { numbers.resize(100); }), 1);
  EXPECT_EQ(CountAllocations([&] { text = std::make_unique<std::string>(100, 'a'); }), 2);
  EXPECT_EQ(CountAllocations([&] { numbers.clear(); }), 0);
}

TEST(AllocationsTest, OtherThreadsDoNotCount) {
  std::unique_ptr<std::thread> thread;
  std::vector<int> numbers;
  thread = std::make_unique<std::thread>([&] { numbers.resize(100); });
  EXPECT_EQ(CountAllocations([&] { thread->join(); }), 0);
}

TEST(AllocationsTest, CountsBytes) {
  const Allocations before = ThreadAllocations();
  const std::vector<char> letters(100, 'a');
  const Allocations after = ThreadAllocations();
  EXPECT_EQ(after.count - before.count, 1);
  EXPECT_EQ(after.bytes - before.bytes, 100);
  EXPECT_EQ(letters.size(), 100);
}

TEST(AllocationsTest, CountsAllThreadsWhenAsked) {
  std::vector<int> numbers;
  std::vector<int> others;
  CountProcessAllocations(true);
  const Allocations before = ProcessAllocations();
  others.resize(10);
  std::thread([&] { numbers.resize(100); }).join();
  const Allocations after = ProcessAllocations();
  CountProcessAllocations(false);
  others.resize(1000);
  // The thread's own state is some more.
  EXPECT_GE(after.count - before.count, 2);
  EXPECT_GE(after.bytes - before.bytes, static_cast<int64_t>(110 * sizeof(int)));
  EXPECT_EQ(ProcessAllocations().count, after.count);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(AllocationsTest, CountsWhatCCodeAllocates) {
  // Volatile, so that no pair of malloc and free is left out.
  void* volatile memory = nullptr;
  EXPECT_EQ(CountAllocations([&] { memory = std::malloc(10); }), 1);
  EXPECT_EQ(CountAllocations([&] { memory = std::realloc(memory, 20); }), 1);
  EXPECT_EQ(CountAllocations([&] { std::free(memory); }), 0);
  EXPECT_EQ(CountAllocations([&] { memory = std::calloc(10, 2); }), 1);
  std::free(memory);
  EXPECT_EQ(CountAllocations([&] { memory = std::aligned_alloc(64, 128); }), 1);
  std::free(memory);
  const Allocations before = ThreadAllocations();
  void* aligned = nullptr;
  EXPECT_EQ(posix_memalign(&aligned, 3, 10), EINVAL);
  ASSERT_EQ(posix_memalign(&aligned, 64, 10), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned) % 64, 0);
  EXPECT_EQ(ThreadAllocations().bytes - before.bytes, 10);
  std::free(aligned);
}
#endif

}  // namespace
}  // namespace perf
