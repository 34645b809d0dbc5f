#include "pipeline/conversation/answer/answer_cutter.h"

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

// The pieces of a text that comes so many bytes at a time.
std::vector<std::string> Pieces(absl::string_view text, size_t step) {
  AnswerCutter cutter;
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const size_t bytes = std::min(step, text.size());
    cutter.Add(text.substr(0, bytes));
    text.remove_prefix(bytes);
    while (auto piece = cutter.Next()) pieces.push_back(*std::move(piece));
  }
  while (auto piece = cutter.Finish()) pieces.push_back(*std::move(piece));
  return pieces;
}

struct Case {
  std::string name;
  // Pieces, each without the spaces at its end.
  std::vector<std::string> pieces;
  // What is between them.
  std::string between = " ";
};

class AnswerCutterCases : public testing::TestWithParam<Case> {};

TEST_P(AnswerCutterCases, AreCutWhereTheyShouldBe) {
  const Case& c = GetParam();
  const std::string text = absl::StrJoin(c.pieces, c.between);
  for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, text.size()}) {
    std::vector<std::string> pieces = Pieces(text, step);
    EXPECT_EQ(absl::StrJoin(pieces, ""), text) << step;
    for (std::string& piece : pieces) absl::StripTrailingAsciiWhitespace(&piece);
    EXPECT_THAT(pieces, ElementsAreArray(c.pieces)) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , AnswerCutterCases,
    testing::Values(
        Case{"OneSentence", {"It is five o'clock."}},
        Case{"FirstAtAClause", {"It is five o'clock,", "so there is time for tea, and for cake."}},
        Case{"ShortWordsGoOn", {"Yes, it is five.", "No, I did not forget it.", "Why should I?"}},
        Case{"SentencesAfterTheFirst",
             {"First of all,", "the weather is fine, and it stays so.", "Tomorrow it will rain!"}},
        Case{"ANumberIsWhole", {"The price is $3.14.", "The other costs 1,000.50 dollars."}},
        Case{"ADateIsWhole", {"She was born on Jan 1, 1980.", "He was born on May 2, 1981."}},
        Case{"Titles", {"You should call Dr. Smith or Mr. Jones.", "They are at St. Mary's now."}},
        Case{"Initials", {"The author is J. R. R. Tolkien.", "He wrote about hobbits."}},
        Case{"LatinAbbreviations",
             {"Take some fruit,", "e.g. an apple or i.e. what there is.", "That is healthy."}},
        Case{"Addresses", {"Look at example.com for it.", "Or write to me@example.org today."}},
        Case{"ATimeOfDay",
             {"We meet at 5 p.m. in the hall.", "They close again at 8 p.m.",
              "Please be there in time."}},
        Case{"AFullStopWithoutASpace", {"The code is 12345.Let me know of it.", "Then we go on."}},
        Case{"ATagIsWhole",
             {"<speed ratio=\"1.05, 2. 3\"/>This is a bit faster.", "And this is not, is it?"}},
        Case{"LessThanIsNoTag", {"It is so that 3 < 5, 6 < 7.", "That is what I have heard."}},
        Case{"Quotes", {"She said: \"Come in.\"", "He answered that he would.", "(Not now.)"}},
        Case{"Ellipsis", {"Let me think about it...", "It was the third one, I think."}},
        Case{"ManyMarks", {"Did you really say that?!", "I can hardly believe it, you know."}},
        Case{"AList",
             {"What there is to buy:", "1. Two loaves of bread", "2. Butter for the bread"},
             "\n"},
        Case{"Chinese", {"今天天气很好，", "我们出去散步吧。", "你觉得怎么样呢？"}, ""},
        Case{"Hindi", {"आज मौसम अच्छा है।", "चलो बाहर चलते हैं।"}},
        Case{"Arabic", {"الطقس جميل اليوم،", "هل نخرج إلى الحديقة؟"}}),
    [](const auto& info) { return info.param.name; });

TEST(AnswerCutterTest, NothingHasNoPieces) {
  EXPECT_THAT(Pieces("", 1), IsEmpty());
  EXPECT_THAT(Pieces(" \n\t ", 1), IsEmpty());
}

// With "3." at the end of what has come, the next byte may be a digit.
TEST(AnswerCutterTest, AMarkAtTheEndDecidesNothing) {
  AnswerCutter cutter;
  cutter.Add("The number is three point 3.");
  EXPECT_EQ(cutter.Next(), std::nullopt);
  cutter.Add("5 and no other. ");
  EXPECT_EQ(cutter.Next(), std::nullopt);
  cutter.Add("Or");
  EXPECT_EQ(cutter.Next(), "The number is three point 3.5 and no other. ");
}

TEST(AnswerCutterTest, ASlowWriterIsNotWaitedFor) {
  AnswerCutter cutter;
  cutter.Add("The nearest station is");
  EXPECT_EQ(cutter.Next(), std::nullopt);
  EXPECT_EQ(cutter.Hurry(), std::nullopt) << "the fourth word may go on";
  cutter.Add(" at the");
  EXPECT_EQ(cutter.Hurry(), "The nearest station is at ");
  cutter.Add(" corner of the street now");
  EXPECT_EQ(cutter.Hurry(), std::nullopt) << "only the first piece is cut so";
  EXPECT_EQ(cutter.Finish(), "the corner of the street now");
  EXPECT_EQ(cutter.Finish(), std::nullopt);
}

TEST(AnswerCutterTest, LongTextIsBounded) {
  std::string words;
  while (words.size() < 5000) absl::StrAppend(&words, "word ");
  const std::vector<std::string> pieces = Pieces(words, 17);
  EXPECT_EQ(absl::StrJoin(pieces, ""), words);
  for (const std::string& piece : pieces) {
    EXPECT_LE(piece.size(), AnswerCutter::kMaxPieceBytes);
    EXPECT_EQ(piece.back(), ' ');
  }
  for (const std::string& unbroken :
       {std::string(5000, 'a'), std::string(5000, '<'), absl::StrCat("<a", std::string(5000, 'b')),
        std::string(5000, '.'), std::string(5000, '\xE4'), std::string(2500, ' ')}) {
    size_t total = 0;
    for (const std::string& piece : Pieces(unbroken, 11)) {
      EXPECT_LE(piece.size(), AnswerCutter::kMaxPieceBytes);
      total += piece.size();
    }
    EXPECT_EQ(total, unbroken[0] == ' ' ? 0 : unbroken.size());
  }
}

// Whatever comes, and however it is cut on its way, nothing is lost and the pieces are the same.
TEST(AnswerCutterTest, AnyTextIsKept) {
  constexpr absl::string_view kParts[] = {
      "word", " ",    ".",  ",", "3",    "!",  "\n", "<",  ">",    "a",    "Dr", "。",
      "é",    "\xFF", "\"", "A", "e.g.", ": ", "…",  ") ", "中文", "p.m.", "/",  "x=\"1. 2\""};
  std::mt19937 random(20261129);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const size_t parts = random() % 60;
    for (size_t i = 0; i < parts; ++i) absl::StrAppend(&text, kParts[random() % std::size(kParts)]);
    const std::vector<std::string> whole = Pieces(text, text.size() + 1);
    const std::string together = absl::StrJoin(whole, "");
    EXPECT_EQ(absl::StripTrailingAsciiWhitespace(together),
              absl::StripTrailingAsciiWhitespace(text));
    for (const size_t step : {size_t{1}, size_t{5}}) {
      ASSERT_EQ(absl::StrJoin(Pieces(text, step), "|"), absl::StrJoin(whole, "|"))
          << "of \"" << text << "\" by " << step;
    }
  }
}

}  // namespace
}  // namespace parlance::pipeline
