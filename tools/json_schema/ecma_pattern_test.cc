#include "tools/json_schema/ecma_pattern.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;
using testing::Not;

struct PatternCase {
  std::string pattern;
  std::vector<std::string> matches;
  std::vector<std::string> others;
};

std::string Repeated(const std::string& text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(EcmaPatternTest, MatchesAsEcmaDoes) {
  const std::vector<PatternCase> cases = {
      {"", {"", "x"}, {}},
      {"abc", {"abc", "xabcx"}, {"ab", "ABC"}},
      {"^abc$", {"abc"}, {"abc\n", "\nabc", "xabc", "abc\nabc"}},
      {"a|^b|c$", {"a", "bx", "xc", "xax"}, {"xb", "cx"}},
      {"^(a|)$", {"", "a"}, {"b"}},
      {"^()$", {""}, {"a"}},
      {"^a.c$", {"abc", "a漢c", "a💩c", "a\u0085c"}, {"a\nc", "a\rc", "a\u2028c", "a\u2029c", "ac"}},
      {"^\\d$", {"0", "9"}, {"a", "߀", "৪"}},
      {"^\\D$", {"a", "߀"}, {"0"}},
      {"^\\w$", {"a", "Z", "0", "_"}, {"é", "-", " "}},
      {"^\\W$", {"é", "-"}, {"a", "_"}},
      {"^\\s$",
       {" ", "\t", "\n", "\v", "\f", "\r", "\u00a0", "\u1680", "\u2000", "\u200a", "\u2028",
        "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff"},
       {"a", "\u180e", "\u200b", "\x01", "\u0085", ""}},
      {"^\\S$",
       {"a", "\u180e", "\u200b", "\x01", "!", "\u009f", "\u00a1", "💩", "\ufefe", "\uff00"},
       {" ", "\t", "\u00a0", "\ufeff", "\u3000", "\u2003"}},
      {"^[\\s\\d]$", {" ", "\ufeff", "5"}, {"a"}},
      {"^[^\\s\\d]$", {"a", "é"}, {" ", "\ufeff", "5"}},
      {"^[\\S]$", {"a"}, {" ", "\ufeff"}},
      {"^[^\\S]$", {" ", "\ufeff"}, {"a"}},
      {"^[\\D\\W]$", {"a", "-"}, {"5"}},
      {"\\bfoo\\b", {"foo", "a foo b"}, {"food", "_foo"}},
      {"o\\B", {"of"}, {"o", "o f"}},
      {"^[\\b]$", {"\b"}, {"b"}},
      {"^\\t\\n\\v\\f\\r$", {"\t\n\v\f\r"}, {"tnvfr"}},
      {"^\\cC\\cj$", {"\x03\n"}, {"cC"}},
      {"^\\0$", {std::string(1, '\0')}, {"0", ""}},
      {"^\\x41\\u0042\\u{43}\\u{00000044}\\u{1F4a9}$", {"ABCD💩"}, {"ABCD"}},
      {"^\\ud83d\\udca9$", {"💩"}, {"x"}},
      {"^[\\ud83d\\udca8-\\ud83d\\udca9]$", {"💩"}, {"💪"}},
      {"^🐲*$", {"", "🐲", "🐲🐲"}, {"🐉", "🐲🐉"}},
      {"^[a-c漢\\u{1F4a9}]+$", {"abc漢💩"}, {"d", "字"}},
      {"^[^a-c]$", {"d", "\n", "漢"}, {"a", "b", "c"}},
      {"^[^]$", {"a", "\n", "漢"}, {"", "ab"}},
      {"^[]$", {}, {"", "a"}},
      {"a[]|b", {"b"}, {"a"}},
      {"^[\\]\\\\^\\-/]$", {"]", "\\", "^", "-", "/"}, {"a"}},
      {"^[-a]$", {"-", "a"}, {"b"}},
      {"^[a-]$", {"-", "a"}, {"b"}},
      {"^[\\w-.]$", {"a", "-", "."}, {"/"}},
      {"^[a-\\d]$", {"a", "-", "5"}, {"b"}},
      {"^[[:alpha:]]$", {"[]", ":]", "a]"}, {"b]", "b"}},
      {"^[&&]$", {"&"}, {"a"}},
      {"^\\/\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\^\\$\\\\$", {"/.*+?()[]{}|^$\\"}, {"x"}},
      {"^\\-\\_\\@\\!\\é$", {"-_@!é"}, {"x"}},
      {"^#\"' <>=~`%,;:&$", {"#\"' <>=~`%,;:&"}, {"x"}},
      {"^(?:ab)+(?<year>c)(d)$", {"abcd", "ababcd"}, {"cd"}},
      {"^a*?b+?c??d{2}?$", {"abcdd", "bdd"}, {"abcd"}},
      {"^a{2}b{1,}c{0,2}$", {"aab", "aabbbcc"}, {"ab", "aabccc"}},
      {"^x{,5}$", {"x{,5}"}, {"x", "xx"}},
      {"^{}{a}}]$", {"{}{a}}]"}, {"x"}},
      {"^(a{2}){3}$", {"aaaaaa"}, {"aaaaa"}},
      {"^.{1,2500}$", {"a", std::string(2500, 'a')}, {"", std::string(2501, 'a')}},
      {"^a{1500}$", {std::string(1500, 'a')}, {std::string(1499, 'a'), std::string(1501, 'a')}},
      {"^a{1500,}$", {std::string(1500, 'a'), std::string(9000, 'a')}, {std::string(1499, 'a')}},
      {"^(?:ab){999,1001}$",
       {Repeated("ab", 999), Repeated("ab", 1000), Repeated("ab", 1001)},
       {Repeated("ab", 998), Repeated("ab", 1002)}},
      {"^a{0}$", {""}, {"a"}},
      {"^a{0,266639}$", {"", std::string(2001, 'a')}, {"b"}},
      {"^\\p{Letter}\\p{L}\\p{Lu}\\p{gc=Nd}\\p{digit}\\p{General_Category=Decimal_Number}$",
       {"éaÉ1৪2"},
       {"1aÉ123", "éaé123"}},
      {"^\\P{L}$", {"1", "-"}, {"a", "é"}},
      {"^[\\p{L}\\p{Nd}-]$", {"é", "৪", "-"}, {"+"}},
      {"^[^\\p{L}]$", {"1"}, {"é"}},
      {"^[\\P{L}]$", {"1"}, {"é"}},
      {"^\\p{Script=Greek}\\p{sc=Grek}\\P{sc=Cyrl}$", {"αβγ"}, {"aβγ", "αβж"}},
      {"^\\p{Any}\\P{ASCII}\\p{ASCII}\\p{AHex}$", {"\né\nf"}, {"aeaf", "aéég", "aéag"}},
      {"^[\\P{ASCII}\\p{AHex}]$", {"é", "f"}, {"g"}},
      {"^\\p{Any}$", {"\n"}, {"", "ab"}},
      {"^\\P{Any}$", {}, {"", "a"}},
      {"^\\p{LC}$", {"a", "A", "ǅ"}, {"1", "ª"}},
      {"^\\P{LC}$", {"1"}, {"a"}},
      {"^[\\p{Cased_Letter}1]$", {"a", "1"}, {"2"}},
      {"^\\p{C}$", {"\x01", "\u0378"}, {"a", " "}},
      {"^\\P{Other}$", {"a", " "}, {"\x01", "\u0378"}},
      {"^\\p{Cn}$", {"\u0378"}, {"a", "\x01"}},
      {"^\\p{Assigned}$", {"a", "\x01"}, {"\u0378"}},
      {"^\\p{punct}\\p{cntrl}\\p{Combining_Mark}$", {"!\x01\u0301"}, {"a\x01\u0301"}},
  };
  for (const PatternCase& test_case : cases) {
    const auto translated = EcmaToRe2(test_case.pattern);
    ASSERT_THAT(translated, IsOk()) << test_case.pattern;
    const re2::RE2 expression(*translated, re2::RE2::Quiet);
    ASSERT_TRUE(expression.ok()) << test_case.pattern << " " << *translated << " "
                                 << expression.error();
    for (const std::string& text : test_case.matches) {
      EXPECT_TRUE(re2::RE2::PartialMatch(text, expression))
          << test_case.pattern << " as " << *translated << " on '" << text << "'";
    }
    for (const std::string& text : test_case.others) {
      EXPECT_FALSE(re2::RE2::PartialMatch(text, expression))
          << test_case.pattern << " as " << *translated << " on '" << text << "'";
    }
  }
}

TEST(EcmaPatternTest, RefusesWhatItCannotTranslate) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a(?=b)", "at byte 1: (?=…) looks around"},
      {"(?!b)", "looks around"},
      {"(?<=b)", "looks around"},
      {"(?<!b)", "looks around"},
      {"(a)\\1", "at byte 3: \\1 refers to a group"},
      {"(?<n>a)\\k<n>", "\\k refers to a group"},
      {"(?i:a)", "a group that begins with (?"},
      {"(?P<n>a)", "a group that begins with (?"},
      {"(?#c)", "a group that begins with (?"},
      {"(?<>a)", "name is malformed"},
      {"(?<1>a)", "name is malformed"},
      {"(?<n", "name is malformed"},
      {"(?<n>a)(?<n>b)", "there is a group n already"},
      {"(", "lacks a closing parenthesis"},
      {")", "closes nothing"},
      {"[a", "at byte 0: a bracket lacks its closing one"},
      {"[a-", "a bracket lacks its closing one"},
      {"[b-a]", "wrong order"},
      {"*a", "nothing to repeat"},
      {"^*", "nothing to repeat"},
      {"a**", "nothing to repeat"},
      {"a{1}{2}", "nothing to repeat"},
      {"a*+", "nothing to repeat"},
      {"\\b+", "nothing to repeat"},
      {"(+)", "nothing to repeat"},
      {"a|+", "nothing to repeat"},
      {"{1}", "nothing to repeat"},
      {"a{2,1}", "wrong order"},
      {"\\", "a backslash ends the expression"},
      {"[\\", "a backslash ends the expression"},
      {"\\A", "\\A is not an escape of ECMA-262"},
      {"\\Z", "not an escape"},
      {"\\a", "not an escape"},
      {"\\Qa\\E", "not an escape"},
      {"\\07", "not an escape"},
      {"[\\1]", "not an escape"},
      {"[\\B]", "not an escape"},
      {"\\c1", "\\c needs a letter"},
      {"\\c", "\\c needs a letter"},
      {"\\x4", "two hexadecimal digits"},
      {"\\u12", "four hexadecimal digits"},
      {"\\u{}", "no code point"},
      {"\\u{110000}", "no code point"},
      {"\\u{41", "no code point"},
      {"\\p", "not an escape"},
      {"\\p{L", "lacks its closing brace"},
      {"\\p{Greek}", "not a property that is supported"},
      {"\\p{}", "not a property that is supported"},
      {"\\p{Emoji}", "not a property that is supported"},
      {"\\p{scx=Grek}", "not a property that is supported"},
      {"\\p{gc=Any}", "not a property that is supported"},
      {"[\\p{C}]", "not supported between brackets"},
      {"[\\P{LC}]", "not supported between brackets"},
      {"(a{1000000}b){1000000}", "too large"},
  };
  for (const auto& [pattern, message] : cases) {
    const auto translated = EcmaToRe2(pattern);
    ASSERT_THAT(translated, Not(IsOk())) << pattern << " as " << *translated;
    EXPECT_THAT(translated.status().message(), HasSubstr(message)) << pattern;
  }
}

}  // namespace
}  // namespace parlance::tools
