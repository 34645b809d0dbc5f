#include "pipeline/speech/spoken_number.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace parlance::pipeline {

std::vector<GrammarRule> NumberRules() {
  return {
      {"digit", "one | two | three | four | five | six | seven | eight | nine"},
      {"teen",
       "ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | "
       "nineteen"},
      {"tens", "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety"},
      {"below_hundred", "<digit> | <teen> | <tens> [<digit>]"},
      {"number", "zero | <below_hundred> | <digit> hundred [[and] <below_hundred>]"},
  };
}

std::optional<int64_t> NumberOf(absl::string_view words) {
  static const auto& values = *new std::map<absl::string_view, int64_t>{
      {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
      {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
      {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
      {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
      {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
      {"seventy", 70}, {"eighty", 80},  {"ninety", 90}};
  static const Grammar& grammar =
      *new Grammar(*Grammar::Create({{"number", "<number>"}}, NumberRules()));
  if (!grammar.ParseText(words).has_value()) return std::nullopt;
  int64_t number = 0;
  for (const absl::string_view word : absl::StrSplit(words, ' ', absl::SkipEmpty())) {
    if (word == "hundred") {
      number *= 100;
    } else if (const auto value = values.find(word); value != values.end()) {
      number += value->second;
    }
  }
  return number;
}

std::string SpokenNumber(int64_t number) {
  static constexpr absl::string_view kBelowTwenty[] = {
      "zero",     "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static constexpr absl::string_view kTens[] = {"twenty", "thirty",  "forty",  "fifty",
                                                "sixty",  "seventy", "eighty", "ninety"};
  if (number < 0 || number > 999) return absl::StrCat(number);
  if (number >= 100) {
    return absl::StrCat(kBelowTwenty[number / 100], " hundred", number % 100 == 0 ? "" : " ",
                        number % 100 == 0 ? "" : SpokenNumber(number % 100));
  }
  if (number < 20) return std::string(kBelowTwenty[number]);
  return absl::StrCat(kTens[number / 10 - 2], number % 10 == 0 ? "" : " ",
                      number % 10 == 0 ? "" : kBelowTwenty[number % 10]);
}

}  // namespace parlance::pipeline
