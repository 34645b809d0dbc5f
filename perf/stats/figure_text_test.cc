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

TEST(FigureTextTest, APercentageHasASignAndNoNegativeZero) {
  EXPECT_EQ(PercentText(12.34), "+12.3%");
  EXPECT_EQ(PercentText(-0.06), "-0.1%");
  EXPECT_EQ(PercentText(-0.04), "+0.0%");
}

}  // namespace
}  // namespace perf
