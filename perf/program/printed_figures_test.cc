#include "perf/program/printed_figures.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

auto IsValue(double value, const char* unit) {
  return AllOf(Field(&PrintedValue::value, value), Field(&PrintedValue::unit, unit));
}

TEST(FindPrintedTest, TakesTheLinesOfItsName) {
  EXPECT_THAT(FindPrinted("begin\nrate: 12.5 msgs/sec\n  rate :\t1e3\tmsgs/sec \r\nrates: 1 x\n"
                          "the rate: 2 x\nend",
                          "rate"),
              IsOkAndHolds(ElementsAre(IsValue(12.5, "msgs/sec"), IsValue(1000, "msgs/sec"))));
  EXPECT_THAT(FindPrinted("Time to first token: -0.5 %", "Time to first token"),
              IsOkAndHolds(ElementsAre(IsValue(-0.5, "%"))));
}

TEST(FindPrintedTest, WhatIsNotThereIsSaid) {
  EXPECT_THAT(FindPrinted("", "rate"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no line 'rate: VALUE UNIT'")));
  EXPECT_THAT(FindPrinted("rate 1 x", "rate"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(FindPrintedTest, WhatIsMalformedIsShown) {
  for (const char* line : {"rate: 1", "rate:", "rate: x y", "rate: nan x", "rate: inf x",
                           "rate: 1 x y", "rate: 1ms x", "rate: 0x z"}) {
    EXPECT_THAT(FindPrinted(line, "rate"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(line)))
        << line;
  }
  EXPECT_THAT(FindPrinted("rate: 1 ms\nrate: 1 s", "rate"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has the unit ms")));
  EXPECT_THAT(FindPrinted("rate: \x1b[2J", "rate"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\\033[2J")));
}

}  // namespace
}  // namespace perf
