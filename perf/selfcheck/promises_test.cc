#include "perf/selfcheck/promises.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::HasSubstr;

TEST(Promises, HoldWhileAllOfThemDo) {
  Promises promises;
  EXPECT_TRUE(promises.held());
  promises.AtMost("false alarms", 1, 1000, 0.001);
  promises.AtLeast("seen", 90, 100, 0.9);
  promises.Even("heads", {1, -1, 0, 1});
  EXPECT_TRUE(promises.held());
  EXPECT_THAT(promises.text(), HasSubstr("1 of 1000 =   0.10 %"));
  EXPECT_THAT(promises.text(), HasSubstr("2 trials against 1, p = 1.000: held"));
  EXPECT_THAT(promises.text(), Not(HasSubstr("BROKEN")));
  promises.AtLeast("seen", 89, 100, 0.9);
  EXPECT_FALSE(promises.held());
  EXPECT_THAT(promises.text(), HasSubstr("promised >= 90 %: BROKEN"));
}

TEST(Promises, AreBrokenByTooMuchAndByUnevenCoins) {
  Promises too_much;
  too_much.AtMost("false alarms", 2, 1000, 0.001);
  EXPECT_FALSE(too_much.held());
  Promises uneven;
  uneven.Even("heads", std::vector<int>(10, 3));
  EXPECT_FALSE(uneven.held());
  EXPECT_THAT(uneven.text(), HasSubstr("10 trials against 0, p = 0.002: BROKEN"));
}

TEST(Promises, AreBrokenByWhatWasNotTried) {
  Promises promises;
  promises.AtMost("false alarms", 0, 0, 0.5);
  EXPECT_FALSE(promises.held());
  EXPECT_THAT(promises.text(), HasSubstr("not tried"));
}

}  // namespace
}  // namespace perf
