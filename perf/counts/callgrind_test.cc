#include "perf/counts/callgrind.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

constexpr char kDump[] =
    "# callgrind format\n"
    "version: 1\n"
    "desc: Trigger: Client Request\n"
    "positions: line\n"
    "events: Ir sysCount sysTime\n"
    "summary: 21268 117 157\n"
    "\n"
    "fn=(8)\n"
    "0 21268\n"
    "totals: 21000 18 2\n";

TEST(CallgrindTest, ReadsTheTotals) {
  // Not the summary, which also has what was not collected.
  const absl::StatusOr<CallgrindCounts> counts = ParseCallgrindDump(kDump);
  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->instructions, 21000);
  EXPECT_EQ(counts->system_calls, 18);
}

TEST(CallgrindTest, EventsThatWereNotSeenAreNone) {
  const absl::StatusOr<CallgrindCounts> counts =
      ParseCallgrindDump("events: Ir sysCount sysTime\ntotals: 7\n");
  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->instructions, 7);
  EXPECT_EQ(counts->system_calls, 0);
}

TEST(CallgrindTest, RefusesWhatIsNoDump) {
  for (const std::string text :
       {"", "events: Ir\n", "totals: 3\n", "events: Ir\ntotals: 3 4\n", "events: Ir\ntotals: x\n",
        "events: Ir\ntotals: -3\n", "events: Dr\ntotals: 3\n"}) {
    EXPECT_THAT(ParseCallgrindDump(text), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
}

TEST(CallgrindTest, ADumpIsTakenOnce) {
  const std::string path = absl::StrCat(testing::TempDir(), "/callgrind.17.2");
  std::ofstream(path) << kDump;
  EXPECT_THAT(TakeCallgrindDump(testing::TempDir(), 17, 1), StatusIs(absl::StatusCode::kNotFound));
  const absl::StatusOr<std::string> taken = TakeCallgrindDump(testing::TempDir(), 17, 2);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(*taken, kDump);
  EXPECT_THAT(TakeCallgrindDump(testing::TempDir(), 17, 2), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace perf
