#include "tools/builtin/expression.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

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
      {"2*pi/pi", 2},
      {"floor(-1.5)", -2},
      {"abs(-3)", 3},
  };
  for (const auto& [expression, expected] : cases) {
    const auto value = Evaluate(expression);
    ASSERT_TRUE(value.ok()) << expression << ": " << value.status();
    EXPECT_DOUBLE_EQ(*value, expected) << expression;
  }
}

TEST(ExpressionTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected a number, a name or '(' at character 1, found the end"},
      {"1+", "at character 3, found the end"},
      {"1 2", "expected an operator at character 3, found '2'"},
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
      {std::string(1000, '('), "nested too deeply"},
      {std::string(1000, '-'), "nested too deeply"},
  };
  for (const auto& [expression, message] : cases) {
    const auto value = Evaluate(expression);
    ASSERT_FALSE(value.ok()) << expression;
    EXPECT_TRUE(absl::StrContains(value.status().message(), message)) << value.status();
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

TEST(ExpressionTest, FormatsAsItIsSaid) {
  EXPECT_EQ(FormatNumber(84), "84");
  EXPECT_EQ(FormatNumber(0.1 + 0.2), "0.3");
  EXPECT_EQ(FormatNumber(-0.0), "0");
  EXPECT_EQ(FormatNumber(16.09344), "16.0934");
  EXPECT_EQ(FormatNumber(1.0000000000001), "1");
  EXPECT_EQ(FormatNumber(1e20), "1e+20");
}

}  // namespace
}  // namespace parlance::tools
