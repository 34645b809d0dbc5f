#include "pipeline/speech/grammar.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
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

TEST(GrammarTest, RefusesPatternsThatGrowWithoutBound) {
  std::vector<GrammarRule> rules = {{"r0", "a"}};
  for (int i = 1; i <= 40; ++i) {
    rules.push_back({absl::StrCat("r", i), absl::StrCat("<r", i - 1, "> <r", i - 1, ">")});
  }
  EXPECT_THAT(Grammar::Create({{"short", "<r10>"}}, rules), IsOk());
  EXPECT_THAT(Grammar::Create({{"long", "<r40>"}}, rules),
              StatusIs(kInvalid, HasSubstr("more than 100000 words")));
}

struct FitCase {
  const char* text = "";
  Fit fit = Fit::kNone;
};

std::string Name(Fit fit) {
  switch (fit) {
    case Fit::kNone:
      return "none";
    case Fit::kBeginning:
      return "beginning";
    case Fit::kMayGoOn:
      return "may go on";
    case Fit::kFinished:
      return "finished";
  }
  return "?";
}

Grammar Commands() {
  auto grammar = Grammar::Create({{"time", "what time is it [in <city>]"},
                                  {"timer", "set a timer for <number> [<unit>]"},
                                  {"sum", "what is <number> (plus | minus) <number>"},
                                  {"stop", "stop"}},
                                 {{"city", "new york | new delhi | york"},
                                  {"unit", "minutes | hours"},
                                  {"number", "five | twenty [five]"}});
  EXPECT_THAT(grammar, IsOk());
  return *std::move(grammar);
}

TEST(GrammarFitTest, TellsHowFarATextIsASentence) {
  const Grammar grammar = Commands();
  const std::vector<FitCase> cases = {
      // Nobody has said anything.
      {"", Fit::kBeginning},
      {"  ", Fit::kBeginning},
      // Two intents begin alike.
      {"what", Fit::kBeginning},
      {"what time is", Fit::kBeginning},
      // An optional end.
      {"what time is it", Fit::kMayGoOn},
      {"what time is it in", Fit::kBeginning},
      {"what time is it in new", Fit::kBeginning},
      {"what time is it in new york", Fit::kFinished},
      {"what time is it in york", Fit::kFinished},
      // A number that may be a longer one.
      {"what is five plus twenty", Fit::kMayGoOn},
      {"what is five plus twenty five", Fit::kFinished},
      {"what is five plus five", Fit::kFinished},
      // A complete request that one more word changes.
      {"set a timer for five", Fit::kMayGoOn},
      {"set a timer for twenty", Fit::kMayGoOn},
      {"set a timer for twenty five minutes", Fit::kFinished},
      {"stop", Fit::kFinished},
      {" stop  ", Fit::kFinished},
      // None of the words, the wrong order, too many of them.
      {"hello", Fit::kNone},
      {"time what is it", Fit::kNone},
      {"stop stop", Fit::kNone},
      {"what time is it in new york five", Fit::kNone},
      {"set a timer for five five", Fit::kNone},
      // Words count as a whole.
      {"sto", Fit::kNone},
      {"stops", Fit::kNone},
  };
  for (const FitCase& c : cases)
    EXPECT_EQ(Name(grammar.FitOf(c.text)), Name(c.fit)) << "'" << c.text << "'";
}

TEST(GrammarFitTest, ASentenceMayBeEmpty) {
  const auto grammar = Grammar::Create({{"x", "[a] [b]"}}, {});
  ASSERT_THAT(grammar, IsOk());
  EXPECT_EQ(Name(grammar->FitOf("")), Name(Fit::kMayGoOn));
  EXPECT_EQ(Name(grammar->FitOf("a")), Name(Fit::kMayGoOn));
  EXPECT_EQ(Name(grammar->FitOf("b")), Name(Fit::kFinished));
  EXPECT_EQ(Name(grammar->FitOf("a b")), Name(Fit::kFinished));
  EXPECT_EQ(Name(grammar->FitOf("b a")), Name(Fit::kNone));
}

// Ten thousand words that may all be missing, which no call stack is deep enough for.
TEST(GrammarFitTest, LongPatternsNeedNoDeepStack) {
  std::string pattern = "z";
  for (int i = 0; i < 10000; ++i) absl::StrAppend(&pattern, " [a]");
  const auto grammar = Grammar::Create({{"x", pattern}}, {});
  ASSERT_THAT(grammar, IsOk());
  EXPECT_EQ(Name(grammar->FitOf("z a a a")), Name(Fit::kMayGoOn));
  EXPECT_EQ(Name(grammar->FitOf("a")), Name(Fit::kNone));
}

TEST(GrammarFitTest, AllocatesNothing) {
  std::vector<GrammarRule> rules = NumberRules();
  const auto grammar = Grammar::Create(
      {{"sum", "what is <number> plus <number> minus <number> times <number>"}}, rules);
  ASSERT_THAT(grammar, IsOk());
  Fit fit = Fit::kNone;
  EXPECT_EQ(perf::CountAllocations([&] {
              fit = grammar->FitOf("what is one hundred and two plus twenty five minus nine times");
            }),
            0);
  EXPECT_EQ(Name(fit), Name(Fit::kBeginning));
}

// A pattern, with all sentences that it stands for, made beside it.
struct Sample {
  std::string pattern;
  std::set<std::string> sentences;
};

class RandomGrammar {
 public:
  explicit RandomGrammar(uint64_t seed) : random_(seed) {}

  Sample Make(int depth) {
    switch (depth == 0 ? 0 : Below(6)) {
      case 1:
      case 2: {
        Sample first = Make(depth - 1);
        const Sample second = Make(depth - 1);
        Sample both{.pattern = absl::StrCat(first.pattern, " ", second.pattern), .sentences = {}};
        for (const std::string& a : first.sentences) {
          for (const std::string& b : second.sentences) {
            both.sentences.insert(absl::StrCat(a, a.empty() || b.empty() ? "" : " ", b));
          }
        }
        return both;
      }
      case 3: {
        Sample first = Make(depth - 1);
        const Sample second = Make(depth - 1);
        first.pattern = absl::StrCat("(", first.pattern, " | ", second.pattern, ")");
        first.sentences.insert(second.sentences.begin(), second.sentences.end());
        return first;
      }
      case 4: {
        Sample inner = Make(depth - 1);
        inner.pattern = absl::StrCat("[", inner.pattern, "]");
        inner.sentences.insert("");
        return inner;
      }
      case 5: {
        // Some rules are referred to more than once.
        if (rules_.empty() || Below(2) == 0) {
          Sample rule = Make(depth - 1);
          names_.push_back({absl::StrCat("rule", names_.size()), rule.pattern});
          rules_.push_back(std::move(rule));
        }
        const auto index = static_cast<size_t>(Below(static_cast<int>(rules_.size())));
        return {.pattern = absl::StrCat("<", names_[index].name, ">"),
                .sentences = rules_[index].sentences};
      }
      default: {
        const std::string word(1, static_cast<char>('a' + Below(3)));
        return {.pattern = word, .sentences = {word}};
      }
    }
  }

  std::string Words() {
    std::vector<std::string> words;
    for (int i = Below(5); i > 0; --i) words.emplace_back(1, static_cast<char>('a' + Below(4)));
    return absl::StrJoin(words, " ");
  }

  const std::vector<GrammarRule>& rules() const { return names_; }
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }

 private:
  std::mt19937_64 random_;
  std::vector<GrammarRule> names_;
  // What names_ stand for.
  std::vector<Sample> rules_;
};

// What FitOf tells is what the list of all sentences says.
TEST(GrammarFitTest, AgreesWithAllSentencesOfRandomGrammars) {
  std::map<Fit, int> met;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomGrammar random(seed);
    std::vector<Intent> intents;
    std::set<std::string> sentences;
    for (int i = 0; i < 1 + static_cast<int>(seed % 3); ++i) {
      const Sample sample = random.Make(4);
      intents.push_back({absl::StrCat("intent", i), sample.pattern});
      sentences.insert(sample.sentences.begin(), sample.sentences.end());
    }
    SCOPED_TRACE(intents[0].pattern);
    const auto grammar = Grammar::Create(intents, random.rules());
    ASSERT_THAT(grammar, IsOk());
    std::set<std::string> beginnings;
    for (const std::string& sentence : sentences) {
      if (!sentence.empty()) beginnings.insert("");
      for (size_t end = sentence.find(' '); end != std::string::npos;
           end = sentence.find(' ', end + 1)) {
        beginnings.insert(sentence.substr(0, end));
      }
    }
    std::set<std::string> texts = beginnings;
    texts.insert(sentences.begin(), sentences.end());
    for (int i = 0; i < 50; ++i) texts.insert(random.Words());
    for (const std::string& text : std::set<std::string>(texts)) {
      texts.insert(absl::StrCat(text, text.empty() ? "" : " ", "a"));
    }
    for (const std::string& text : texts) {
      const bool goes_on = beginnings.contains(text);
      const Fit expected = sentences.contains(text) ? goes_on ? Fit::kMayGoOn : Fit::kFinished
                           : goes_on                ? Fit::kBeginning
                                                    : Fit::kNone;
      EXPECT_EQ(Name(grammar->FitOf(text)), Name(expected)) << "'" << text << "'";
      EXPECT_EQ(grammar->ParseText(text).has_value(), sentences.contains(text))
          << "'" << text << "'";
      ++met[expected];
    }
  }
  // None of them is rare, or this would prove little.
  for (const Fit fit : {Fit::kNone, Fit::kBeginning, Fit::kMayGoOn, Fit::kFinished}) {
    EXPECT_GT(met[fit], 500) << Name(fit);
  }
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

TEST(SpokenNumberTest, EachNumberIsSaidAsItIsUnderstood) {
  for (int64_t number = 0; number < 1000; ++number) {
    EXPECT_EQ(NumberOf(SpokenNumber(number)), number) << SpokenNumber(number);
  }
  EXPECT_EQ(SpokenNumber(205), "two hundred five");
  EXPECT_EQ(SpokenNumber(1000), "1000");
  EXPECT_EQ(SpokenNumber(-1), "-1");
}

}  // namespace
}  // namespace parlance::pipeline
