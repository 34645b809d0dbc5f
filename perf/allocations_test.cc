#include "perf/allocations.h"

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

}  // namespace
}  // namespace perf
