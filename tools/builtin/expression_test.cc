#include "tools/builtin/expression.h"

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

TEST(ExpressionTest, Evaluates) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"1+2*3", 7},
      {"(1+2)*3", 9},
      {"2^3^2", 512},
      {"-2^2", -4},
      {"2^-1", 0.5},
      {"7 % 4", 3},
      {"10/4", 2.5},
      {" .5 * 4 ", 2},
      {"1e3 + 2.5e-1", 1000.25},
      {"sqrt(16)", 4},
      {"max(2, min(9, 5))", 5},
      {"log(1000)", 3},
      {"ln(e)", 1},
      {"cos(0) - -1", 2},
      {"round(2.5)", 3},
      {"--3", 3},
      {"5\u22123", 2},
      {"\u22122 \u00d7 3 \u00f7 4", -1.5},
      {"2*pi/pi", 2},
      {"floor(-1.5)", -2},
      {"abs(-3)", 3},
  };
  for (const auto& [expression, expected] : cases) {
    const auto value = Evaluate(expression);
    ASSERT_THAT(value, IsOk()) << expression;
    EXPECT_DOUBLE_EQ(value->ToDouble(), expected) << expression;
  }
}

TEST(ExpressionTest, ANulDoesNotEndTheExpression) {
  EXPECT_THAT(Evaluate(absl::string_view("1\0+1", 4)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected an operator at character 2, found '")));
  EXPECT_THAT(
      Evaluate(absl::string_view("1+\0", 3)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'(' at character 3, found '")));
}

TEST(ExpressionTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected a number, a name or '(' at character 1, found the end"},
      {"1+", "at character 3, found the end"},
      {"1 2", "expected an operator at character 3, found '2'"},
      {"2 \u221a 4", "expected an operator at character 3, found '\u221a'"},
      {"(1", "expected ')' at character 3"},
      {"frob(1)", "there is no 'frob', at character 1"},
      {"1..2", "expected a number at character 1"},
      {"1/0", "division by zero"},
      {"5 % 0", "division by zero"},
      {"sqrt(-1)", "sqrt of -1 has no finite result"},
      {"ln(0)", "no finite result"},
      {"9^9^9", "the power has no finite result"},
      {"1e999", "the number has no finite result"},
      {"max(1)", "expected ','"},
      {"0^-1", "division by zero"},
      {"1e308 * 10", "the product has no finite result"},
      {"10^400 / 10^399", "the power has no finite result"},
      {"(-8)^(1/3)", "the power has no finite result"},
      {"1/(0.1+0.2-0.3)", "division by zero"},
      {"tan(pi/2)", "tan of 1.5708 has no finite result"},
      {"tan(-pi/2)", "tan of -1.5708 has no finite result"},
      {"tan(101*pi/2)", "has no finite result"},
      {"5 % (1-1)", "division by zero"},
      {"9e999999999999", "the number has no finite result"},
      {std::string(1000, '('), "nested too deeply"},
      {std::string(1000, '-'), "nested too deeply"},
  };
  for (const auto& [expression, message] : cases) {
    const auto value = Evaluate(expression);
    ASSERT_THAT(value, Not(IsOk())) << expression;
    EXPECT_THAT(value.status().message(), HasSubstr(message));
  }
}

TEST(ExpressionTest, SurvivesAnything) {
  constexpr uint64_t kSeed = 3;
  std::mt19937_64 random(kSeed);
  static constexpr char kBytes[] = "0123456789.e+-*/%^(), sqrtminmaxpi\xff";
  int num_values = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string expression;
    for (uint64_t j = 0; j <= random() % 12; ++j) {
      expression.push_back(kBytes[random() % (sizeof kBytes - 1)]);
    }
    num_values += Evaluate(expression).ok();
  }
  EXPECT_GT(num_values, 100) << "seed " << kSeed;
}

// What the calculator says.
TEST(ExpressionTest, SaysNumbersAsPeopleWriteThemAndExactlyWhereTheyAre) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      // These were 123457, 1.23457e+07 and 0.30000000000000004.
      {"123456.78", "123456.78"},
      {"12345678.9", "12345678.9"},
      {"0.1+0.2", "0.3"},
      {"1000000", "1000000"},
      {"1234567.891 * 2", "2469135.782"},
      {"19.99*3", "59.97"},
      {"1.1*1.1", "1.21"},
      {"0.1+0.7", "0.8"},
      {"4.35*100", "435"},
      {"1.005*1000", "1005"},
      {"100*1.19", "119"},
      {"10/4", "2.5"},
      {"1/8", "0.125"},
      {"1.0000000000001", "1.0000000000001"},
      {"84.0", "84"},
      {"007", "7"},
      // Integers beyond 2^53 and 2^64.
      {"2^53+1", "9007199254740993"},
      {"9007199254740993", "9007199254740993"},
      {"2^64", "18446744073709551616"},
      {"2^100", "1267650600228229401496703205376"},
      {"99999999999 * 99999999999", "9999999999800000000001"},
      {"2^100 / 2^98", "4"},
      {"10^30 + 1 - 10^30", "1"},
      {"123456789012345678901234567890 % 97", "52"},
      {"1e15", "1000000000000000"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e21"},
      {"6.02214076e23", "6.02214076e23"},
      {"1e300", "1e300"},
      {"2^200", "about 1.60693804425899e60"},
      // Fractions that do not end, and ones that are whole again.
      {"1/3", "about 0.333333333333"},
      {"2/3", "about 0.666666666667"},
      {"10/3", "about 3.33333333333"},
      {"1/3*3", "1"},
      {"1/3+1/3+1/3", "1"},
      {"1/7", "about 0.142857142857"},
      {"1e12/7", "about 142857142857.14"},
      {"1e20/7", "about 1.42857142857143e19"},
      {"-1/3", "about -0.333333333333"},
      {"1/3e9", "about 3.33333333333e-10"},
      // Zero has no sign, and small numbers their digits.
      {"-0", "0"},
      {"0*-1", "0"},
      {"-0.0", "0"},
      {"0.3-0.1*3", "0"},
      {"1e-6", "0.000001"},
      {"1e-7", "1e-7"},
      {"0.00001234", "0.00001234"},
      {"1e-999999999999", "about 0"},
      {"0e999999999999", "0"},
      // Functions.
      {"sqrt(16)", "4"},
      {"sqrt(0.25)", "0.5"},
      {"sqrt(2)", "about 1.41421356237"},
      {"sqrt(2)*sqrt(2)", "about 2"},
      {"4^0.5", "2"},
      {"2^0.5", "about 1.41421356237"},
      {"2^-2", "0.25"},
      {"1.5^2", "2.25"},
      {"1.1^10", "2.5937424601"},
      {"0^0", "1"},
      {"(-1)^1001", "-1"},
      {"(-2)^3", "-8"},
      {"1^123456789", "1"},
      {"log(1000)", "3"},
      {"log(0.001)", "-3"},
      {"log(2)", "about 0.301029995664"},
      {"ln(1)", "0"},
      {"exp(0)", "1"},
      {"cos(0)", "1"},
      {"sin(pi)", "about 0"},
      {"cos(pi/2)", "about 0"},
      {"sin(1e-20)", "about 1e-20"},
      {"sin(pi/6)", "about 0.5"},
      {"round(2.5)", "3"},
      {"round(-2.5)", "-3"},
      {"round(0.49999999999999999999)", "0"},
      {"floor(-1.5)", "-2"},
      {"ceil(1.1)", "2"},
      {"ceil(-1.1)", "-1"},
      {"abs(-12.5)", "12.5"},
      // What is known is not said to be about.
      {"floor(pi)", "3"},
      {"ceil(pi)", "4"},
      {"round(pi)", "3"},
      {"round(-pi)", "-3"},
      {"floor(-sqrt(2))", "-2"},
      {"round(sqrt(2)*sqrt(2))", "2"},
      {"floor(sqrt(2)*sqrt(2))", "about 2"},
      {"round(2.5*pi/pi)", "about 3"},
      {"floor(pi*1e12)", "about 3141592653589"},
      {"tan(pi/4)", "about 1"},
      {"tan(1.5707)", "about 10381.3274176"},
      {"7 % 4", "3"},
      {"-7 % 4", "-3"},
      {"5.5 % 0.1", "0"},
      {"max(0.1, 0.09)", "0.1"},
      {"min(1/3, 0.3333)", "0.3333"},
      {"2*pi", "about 6.28318530718"},
      {"pi*1e10", "about 31415926535.9"},
  };
  for (const auto& [expression, said] : cases) {
    const auto value = Evaluate(expression);
    ASSERT_THAT(value, IsOk()) << expression;
    EXPECT_EQ(value->Spoken(12), said) << expression;
  }
}

}  // namespace
}  // namespace parlance::tools
