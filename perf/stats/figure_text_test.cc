#include "perf/stats/figure_text.h"

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(FigureTextTest, KeepsThreeDigits) {
  EXPECT_EQ(FormatFigure(0), "0.0");
  EXPECT_EQ(FormatFigure(25.46), "25.5");
  EXPECT_EQ(FormatFigure(2.456), "2.46");
  EXPECT_EQ(FormatFigure(0.012345), "0.0123");
  EXPECT_EQ(FormatFigure(184000.4), "184000");
  EXPECT_EQ(FormatFigure(-3.14159), "-3.14");
}

}  // namespace
}  // namespace perf
