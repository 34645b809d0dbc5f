#include "pipeline/speech/grammar.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/speech/spoken_number.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Grammar Tea() {
  auto grammar = Grammar::Create({{"brew", "brew [me] <count=number> (cup | cups) of <kind=kind>"},
                                  {"stop", "stop | enough [now]"}},
                                 {{"number", "one | two"}, {"kind", "green tea | tea"}});
  EXPECT_THAT(grammar, IsOk());
  return *std::move(grammar);
}

TEST(GrammarTest, ParsesWhatFits) {
  const Grammar grammar = Tea();
  const auto parse = grammar.ParseText("brew me two cups of green tea");
  ASSERT_TRUE(parse.has_value());
  EXPECT_EQ(parse->intent, "brew");
  EXPECT_EQ(parse->slots.at("count"), "two");
  EXPECT_EQ(parse->slots.at("kind"), "green tea");
  EXPECT_EQ(grammar.ParseText("enough now")->intent, "stop");
  EXPECT_EQ(grammar.ParseText("stop")->intent, "stop");
}

TEST(GrammarTest, RefusesWhatDoesNot) {
  const Grammar grammar = Tea();
  for (const char* text : {"", "brew", "brew one cup of", "stop now", "brew three cups of tea",
                           "please brew one cup of tea", "brew one cup of tea now"}) {
    EXPECT_FALSE(grammar.ParseText(text).has_value()) << text;
  }
}

TEST(GrammarTest, WritesJsgf) {
  EXPECT_EQ(Tea().jsgf_rules(),
            "<kind> = (green tea | tea);\n"
            "<number> = (one | two);\n"
            "<command> = brew [me] <number> (cup | cups) of <kind> | (stop | enough [now]);\n");
  EXPECT_TRUE(Tea().words().contains("enough"));
  EXPECT_FALSE(Tea().words().contains("kind"));
}

TEST(GrammarTest, NamesWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected a word"},
      {"a (b", "expected a closing bracket"},
      {"a )", "unexpected ')'"},
      {"a [b | ]", "expected a word"},
      {"a <b", "expected '>'"},
      {"A", "unexpected 'A' at character 1"},
      {"a <nothing>", "there is no rule 'nothing'"},
      {"a <loop>", "rule 'loop' refers to itself"},
      {std::string(200, '(') + "a", "nested too deeply"},
  };
  for (const auto& [pattern, message] : cases) {
    const auto grammar =
        Grammar::Create({{"x", pattern}}, {{"loop", "b <again>"}, {"again", "[<loop>] c"}});
    EXPECT_THAT(grammar, StatusIs(kInvalid, HasSubstr(message))) << pattern;
  }
  EXPECT_THAT(Grammar::Create({}, {}), StatusIs(kInvalid));
  EXPECT_THAT(Grammar::Create({{"a", "b"}, {"a", "c"}}, {}), StatusIs(kInvalid));
  EXPECT_THAT(Grammar::Create({{"a", "b"}}, {{"r", "b"}, {"r", "c"}}), StatusIs(kInvalid));
}

TEST(SpokenNumberTest, CountsAsPeopleDo) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"zero", 0},
      {"seven", 7},
      {"twelve", 12},
      {"forty", 40},
      {"twenty five", 25},
      {"one hundred", 100},
      {"nine hundred ninety nine", 999},
      {"two hundred and five", 205},
  };
  for (const auto& [words, number] : cases) EXPECT_EQ(NumberOf(words), number) << words;
  for (const char* words :
       {"", "hundred", "five twenty", "one two", "twelve hundred", "and five"}) {
    EXPECT_FALSE(NumberOf(words).has_value()) << words;
  }
}

}  // namespace
}  // namespace parlance::pipeline
