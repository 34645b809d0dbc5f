#include "perf/suite/filter_argument.h"

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(FilterArgument, IsReadable) {
  EXPECT_EQ(FilterArgument("//tools:executor_perf_test"), "'//tools:executor_perf_test'");
  EXPECT_EQ(FilterArgument("audio.vad.frame_10ms"), "'audio\\.vad\\.frame_10ms'");
}

TEST(FilterArgument, NeitherTheShellNorTheExpressionReadsMoreIntoIt) {
  EXPECT_EQ(FilterArgument("a'b$(c)|d\\"), "'a'\\''b\\$\\(c\\)\\|d\\\\'");
}

}  // namespace
}  // namespace perf
