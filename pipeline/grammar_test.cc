#include "pipeline/grammar.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "pipeline/rule_agent.h"
#include "pipeline/spoken_number.h"

namespace parlance::pipeline {
namespace {

Grammar Tea() {
  auto grammar = Grammar::Create({{"brew", "brew [me] <count=number> (cup | cups) of <kind=kind>"},
                                  {"stop", "stop | enough [now]"}},
                                 {{"number", "one | two"}, {"kind", "green tea | tea"}});
  EXPECT_TRUE(grammar.ok()) << grammar.status();
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
    ASSERT_FALSE(grammar.ok()) << pattern;
    EXPECT_TRUE(absl::StrContains(grammar.status().message(), message)) << grammar.status();
  }
  EXPECT_FALSE(Grammar::Create({}, {}).ok());
  EXPECT_FALSE(Grammar::Create({{"a", "b"}, {"a", "c"}}, {}).ok());
  EXPECT_FALSE(Grammar::Create({{"a", "b"}}, {{"r", "b"}, {"r", "c"}}).ok());
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

Hypothesis Heard(const std::string& text) {
  return {.text = text, .rejected = false, .confidence = 1};
}

TEST(RuleAgentTest, LeadsEachIntentToACall) {
  const Grammar grammar = *RuleAgentGrammar();
  const auto agent = CreateRuleAgent(&grammar);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"what time is it", "clock {}"},
      {"what time is it in new york", R"(clock {"time_zone":"new york"})"},
      {"what is twelve times seven", R"(calculator {"expression":"12 * 7"})"},
      {"what is one hundred divided by eight", R"(calculator {"expression":"100 / 8"})"},
      {"convert ten miles to kilometers",
       R"(convert_units {"value":10,"from":"miles","to":"kilometers"})"},
      {"set a timer for five minutes", R"(timers {"action":"start","seconds":300})"},
      {"set a timer for two hours", R"(timers {"action":"start","seconds":7200})"},
      {"set a timer for one second", R"(timers {"action":"start","seconds":1})"},
      {"list my timers", R"(timers {"action":"list"})"},
      {"take a note buy milk", R"(notes {"action":"add","text":"buy milk"})"},
      {"read my notes", R"(notes {"action":"list"})"},
      {"what did i say about milk", R"(search_conversation {"words":"milk"})"},
      {"go forward ten meters", R"(notes {"action":"add","text":"go forward ten meters"})"},
      {"ten of clubs", R"(notes {"action":"add","text":"ten of clubs"})"},
  };
  for (const auto& [text, expected] : cases) {
    const auto step =
        agent->Decide({.utterance = Heard(text), .history = {}, .calls = {}, .answers = {}});
    ASSERT_TRUE(step.ok()) << step.status();
    ASSERT_EQ(step->calls.size(), 1u) << text;
    EXPECT_EQ(step->calls[0].name + " " + step->calls[0].arguments, expected);
  }
}

TEST(RuleAgentTest, SaysThatItDidNotUnderstand) {
  const Grammar grammar = *RuleAgentGrammar();
  const auto agent = CreateRuleAgent(&grammar);
  Hypothesis rejected = Heard("what time is it");
  rejected.rejected = true;
  for (const Hypothesis& utterance : {rejected, Heard("make me a sandwich"), Heard("")}) {
    const auto step =
        agent->Decide({.utterance = utterance, .history = {}, .calls = {}, .answers = {}});
    EXPECT_TRUE(step->calls.empty());
    EXPECT_EQ(step->reply, kNotUnderstood);
  }
}

TEST(RuleAgentTest, SaysWhatCameBack) {
  const Grammar grammar = *RuleAgentGrammar();
  const auto agent = CreateRuleAgent(&grammar);
  const std::vector<ToolCall> calls = {{"calculator", "{}"}, {"clock", "{}"}};
  const std::vector<ToolAnswer> answers = {{.ok = true, .json = "{}", .text = "The answer is 84."},
                                           {.ok = false, .json = "{}", .text = "division by zero"}};
  const auto step = agent->Decide(
      {.utterance = Heard("what time is it"), .history = {}, .calls = calls, .answers = answers});
  EXPECT_EQ(step->reply, "The answer is 84. Sorry, that failed: division by zero.");
}

}  // namespace
}  // namespace parlance::pipeline
