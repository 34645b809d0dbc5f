#include "tools/builtin/units.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

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
      {1, "GiB", "MiB", 1024},
      {1, "KB", "kB", 1},
      {1, "hectare", "square meters", 10000},
  };
  for (const ConversionCase& c : cases) {
    const auto converted = ConvertUnits(Number::Inexact(c.value), c.from, c.to);
    ASSERT_THAT(converted, IsOk());
    EXPECT_NEAR(converted->value.ToDouble(), c.expected, 1e-9 * std::abs(c.expected) + 1e-9)
        << c.from << c.to;
  }
  EXPECT_EQ(ConvertUnits(Number(1), "km", "mi")->to_unit, "miles");
}

TEST(UnitsTest, SaysExactlyWhatIsExact) {
  const struct {
    const char* value;
    const char* from;
    const char* to;
    const char* said;
  } kCases[] = {
      {"10", "miles", "kilometers", "16.09344"},
      {"123456.78", "meters", "kilometers", "123.45678"},
      {"12345678.9", "m", "cm", "1234567890"},
      {"0.1", "km", "m", "100"},
      {"1.1", "feet", "inches", "13.2"},
      {"212", "fahrenheit", "celsius", "100"},
      {"0", "f", "c", "about -17.7778"},
      {"451", "f", "c", "about 232.778"},
      {"98.6", "f", "c", "37"},
      {"36.6", "c", "f", "97.88"},
      {"1", "mile", "feet", "5280"},
      {"36", "km/h", "m/s", "10"},
      {"1", "m/s", "km/h", "3.6"},
      {"9007199254740993", "MB", "bytes", "9007199254740993000000"},
      {"10", "meters", "feet", "about 32.8084"},
      {"123456.789", "meters", "feet", "about 405041.96"},
      {"1", "gallon", "liters", "3.785411784"},
  };
  for (const auto& [value, from, to, said] : kCases) {
    const auto converted = ConvertUnits(*Number::FromDecimal(value), from, to);
    ASSERT_THAT(converted, IsOk());
    EXPECT_EQ(converted->value.Spoken(6), said) << value << " " << from;
  }
  // Absolute zero itself is none below.
  EXPECT_TRUE(ConvertUnits(Number::FromDecimal(true, 45967, -2), "f", "k")->value.is_zero());
  EXPECT_THAT(ConvertUnits(Number::FromDecimal(true, 459670001, -6), "f", "k"), Not(IsOk()));
}

TEST(UnitsTest, BitsAreNotTakenForBytes) {
  for (const char* const bits : {"b", "kb", "Mb", "mb", "Gb", "Mib"}) {
    EXPECT_THAT(ConvertUnits(Number(1), "MB", bits),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("there is no unit '", bits, "'"))));
  }
}

TEST(UnitsTest, SaysWhatIsWrong) {
  EXPECT_THAT(ConvertUnits(Number(1), "parsecs", "miles").status().message(),
              HasSubstr("there is no unit 'parsecs'; the units are: meters"));
  const auto mixed = ConvertUnits(Number(1), "miles", "hours");
  EXPECT_THAT(mixed.status().message(), HasSubstr("miles is a unit of length and hours of time"));
  EXPECT_THAT(ConvertUnits(Number(-500), "celsius", "kelvin").status().message(),
              HasSubstr("below absolute zero"));
}

}  // namespace
}  // namespace parlance::tools
