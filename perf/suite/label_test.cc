#include "perf/suite/label.h"

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(LabelTest, HasOneForm) {
  EXPECT_EQ(CanonicalLabel("@//a:b"), "//a:b");
  EXPECT_EQ(CanonicalLabel("@@//a:b"), "//a:b");
  EXPECT_EQ(CanonicalLabel("//a:b"), "//a:b");
  EXPECT_EQ(CanonicalLabel("@other//a:b"), "@other//a:b");
}

}  // namespace
}  // namespace perf
