#include "perf/suite/accepted_slowdown.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

AcceptedSlowdown Accepted(const std::string& until) {
  AcceptedSlowdown accepted;
  accepted.set_measurement("a.b");
  accepted.set_at_most_percent(15);
  accepted.set_why("It is safer.");
  accepted.set_until(until);
  return accepted;
}

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

TEST(AcceptedSlowdownTest, HoldsToTheEndOfItsLastDayInUtc) {
  const AcceptedSlowdown accepted = Accepted("2027-01-31");
  EXPECT_THAT(CheckAccepted(accepted), IsOk());
  EXPECT_EQ(DaysLeft(accepted, At("2027-01-17T00:00:00Z")), 14);
  EXPECT_EQ(DaysLeft(accepted, At("2027-01-30T23:59:59Z")), 1);
  EXPECT_EQ(DaysLeft(accepted, At("2027-01-31T00:00:00Z")), 0);
  EXPECT_EQ(DaysLeft(accepted, At("2027-01-31T23:59:59Z")), 0);
  EXPECT_EQ(DaysLeft(accepted, At("2027-02-01T00:00:00Z")), -1);
  // There it is the last day still, and in UTC it is over.
  EXPECT_EQ(DaysLeft(accepted, At("2027-01-31T20:00:00-05:00")), -1);
  EXPECT_EQ(DaysLeft(accepted, At("2027-02-01T01:00:00+02:00")), 0);
}

TEST(AcceptedSlowdownTest, ADayIsWrittenInOneWay) {
  for (const char* until : {"2027-02-28", "2028-02-29", "9999-12-31"}) {
    EXPECT_THAT(CheckAccepted(Accepted(until)), IsOk()) << until;
  }
  for (const char* until :
       {"2027-02-29", "2027-13-01", "2027-00-10", "2027-1-31", "27-01-31", "31.01.2027", "tomorrow",
        " 2027-01-31", "2027-01-31 ", "2027-01-31T00:00:00", "2027-01", "99999-01-01",
        "-2027-01-31", "2027-01-31\n", "20270131"}) {
    EXPECT_THAT(CheckAccepted(Accepted(until)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("which is not a day such as 2027-01-31")))
        << until;
    EXPECT_EQ(DaysLeft(Accepted(until), absl::UnixEpoch()), -1) << until;
  }
}

TEST(AcceptedSlowdownTest, TheLeastAndTheMostThatIsAccepted) {
  AcceptedSlowdown accepted = Accepted("2027-01-31");
  for (const double percent : {0.001, 1.0, 1000.0}) {
    accepted.set_at_most_percent(percent);
    EXPECT_THAT(CheckAccepted(accepted), IsOk()) << percent;
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double percent :
       {0.0, -15.0, 1000.1, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    accepted.set_at_most_percent(percent);
    EXPECT_THAT(CheckAccepted(accepted),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at_most_percent")))
        << percent;
  }
}

TEST(AcceptedSlowdownTest, IsFoundByItsMeasurement) {
  ComponentRequirements requirements;
  *requirements.add_accepted() = Accepted("2027-01-31");
  ASSERT_NE(FindAccepted(requirements, "a.b"), nullptr);
  EXPECT_EQ(FindAccepted(requirements, "a.b")->at_most_percent(), 15);
  EXPECT_EQ(FindAccepted(requirements, "a.bc"), nullptr);
}

}  // namespace
}  // namespace perf
