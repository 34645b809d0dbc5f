#include "tools/builtin/units.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

struct ConversionCase {
  double value;
  std::string from;
  std::string to;
  double expected;
};

TEST(UnitsTest, Converts) {
  const std::vector<ConversionCase> cases = {
      {10, "miles", "kilometers", 16.09344},
      {10, "meters", "feet", 32.808398950131235},
      {1, "mile", "FEET", 5280},
      {100, "celsius", "fahrenheit", 212},
      {-40, "f", "c", -40},
      {0, "kelvin", "celsius", -273.15},
      {1, "gallon", "liters", 3.785411784},
      {1, "kg", "pounds", 2.2046226218487757},
      {60, "mph", "km/h", 96.56064},
      {2, "hours", "minutes", 120},
      {1, "gib", "mib", 1024},
      {1, "hectare", "square meters", 10000},
  };
  for (const ConversionCase& c : cases) {
    const auto converted = ConvertUnits(c.value, c.from, c.to);
    ASSERT_TRUE(converted.ok()) << converted.status();
    EXPECT_NEAR(converted->value, c.expected, 1e-9 * std::abs(c.expected) + 1e-9) << c.from << c.to;
  }
  EXPECT_EQ(ConvertUnits(1, "km", "mi")->to_unit, "miles");
}

TEST(UnitsTest, SaysWhatIsWrong) {
  EXPECT_TRUE(absl::StrContains(ConvertUnits(1, "parsecs", "miles").status().message(),
                                "there is no unit 'parsecs'; there are: meters"));
  const auto mixed = ConvertUnits(1, "miles", "hours");
  EXPECT_TRUE(
      absl::StrContains(mixed.status().message(), "miles is a unit of length and hours of time"))
      << mixed.status();
  EXPECT_TRUE(absl::StrContains(ConvertUnits(-500, "celsius", "kelvin").status().message(),
                                "below absolute zero"));
}

}  // namespace
}  // namespace parlance::tools
