#include "perf/process/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr size_t kPages = 100;
constexpr size_t kPageBytes = 4096;

void TouchFreshPages() {
  auto* pages = static_cast<volatile char*>(mmap(
      nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  madvise(const_cast<char*>(pages), kPages * kPageBytes, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < kPages; ++i) pages[i * kPageBytes] = 1;
  munmap(const_cast<char*>(pages), kPages * kPageBytes);
}

// An event of the kernel, which there is on machines without counters, too.
HardwareEvent PageFaults() {
  return {.name = "page_faults", .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_PAGE_FAULTS};
}

TEST(HardwareCountersTest, CountsBetweenStartAndStop) {
  const std::vector<HardwareEvent> events = {PageFaults()};
  absl::StatusOr<HardwareCounters> counters = HardwareCounters::Create(events);
  if (!counters.ok()) GTEST_SKIP() << counters.status();
  counters->Start();
  TouchFreshPages();
  counters->Stop();
  const int64_t counted = counters->Read()["page_faults"];
  EXPECT_GE(counted, static_cast<int64_t>(kPages));
  TouchFreshPages();
  EXPECT_EQ(counters->Read()["page_faults"], counted);
  counters->Start();
  counters->Stop();
  EXPECT_LT(counters->Read()["page_faults"], static_cast<int64_t>(kPages));
}

TEST(HardwareCountersTest, LeavesOutWhatThereIsNot) {
  const std::vector<HardwareEvent> events = {
      {.name = "nonsense", .type = PERF_TYPE_HARDWARE, .config = 1000}, PageFaults()};
  absl::StatusOr<HardwareCounters> counters = HardwareCounters::Create(events);
  if (!counters.ok()) GTEST_SKIP() << counters.status();
  counters->Start();
  TouchFreshPages();
  counters->Stop();
  EXPECT_EQ(counters->Read().size(), 1);
}

TEST(HardwareCountersTest, SaysWhyThereIsNone) {
  const std::vector<HardwareEvent> events = {
      {.name = "nonsense", .type = PERF_TYPE_HARDWARE, .config = 1000}};
  const absl::StatusOr<HardwareCounters> counters = HardwareCounters::Create(events);
  EXPECT_THAT(counters, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(counters.status().message()), HasSubstr("perf_event_open: nonsense: "));
}

}  // namespace
}  // namespace perf
