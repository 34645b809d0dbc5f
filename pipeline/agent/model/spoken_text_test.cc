#include "pipeline/agent/model/spoken_text.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

// What is spoken of a text that comes in pieces of `size` bytes.
std::string Spoken(absl::string_view text, size_t size) {
  SpokenText spoken;
  std::string speech;
  for (size_t begin = 0; begin < text.size(); begin += size) {
    speech += spoken.Add(text.substr(begin, size));
  }
  return speech + spoken.Finish();
}

struct Case {
  const char* name;
  std::string text;
  std::string speech;
};

TEST(SpokenTextTest, WhatIsSpokenDoesNotDependOnTheCuts) {
  const Case cases[] = {
      {"words", "It is ten.", "It is ten."},
      {"a thought", "<think>The user asks\n</think>\n\nIt is ten.", "It is ten."},
      {"a thought in the middle", "It is <think>hm</think>ten.", "It is ten."},
      {"thoughts of other names", "<thinking>a</thinking>b<reasoning>c</reasoning>d", "bd"},
      {"a thought without an end", "Yes.<think>But is it", "Yes."},
      {"an end without a thought", "</think>It is ten.", "It is ten."},
      {"a thought with a tag in it", "<think>1 < 2 </thin </think>Yes.", "Yes."},
      {"a call", "One moment.<tool_call>{\"name\":\"clock\"}</tool_call>", "One moment."},
      {"a call of another name", "<function_call>clock()</function_call>", ""},
      {"a tag of another kind", "Wait <break time=\"1s\"/> here <t",
       "Wait <break time=\"1s\"/> here <t"},
      {"comparisons", "1 < 2 <<think", "1 < 2 <<think"},
      {"a call as JSON", "{\"name\": \"clock\", \"arguments\": {}}\n", ""},
      {"two of them", "{\"name\":\"a\",\"parameters\":{}}\n{\"name\":\"b\",\"parameters\":{}}", ""},
      {"a brace that is no call", "{smiles} Hello.", "{smiles} Hello."},
      {"a call as JSON after a thought",
       "<think>x</think>\n{\"name\": \"clock\", \"arguments\": {}}", ""},
      {"a brace later on", "Say {\"name\":1,\"arguments\":2}", "Say {\"name\":1,\"arguments\":2}"},
      {"characters of two to four bytes", "é€😀", "é€😀"},
      {"half a character", "a\xC3", "a\xEF\xBF\xBD"},
      {"bytes that are no text",
       "a\xFF\x80"
       "b\xED\xA0\x80",
       "a\xEF\xBF\xBD\xEF\xBF\xBD"
       "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"control characters",
       std::string("a\0b\x1B[1mc\x7F"
                   "d\xC2\x9B"
                   "e\n\tf",
                   16),
       "a b [1mc d e\n\tf"},
      {"white space at the beginning", " \n\tYes. ", "Yes. "},
      {"nothing", "", ""},
  };
  for (const Case& each : cases) {
    for (size_t size = 1; size <= each.text.size() + 1; ++size) {
      EXPECT_EQ(Spoken(each.text, size), each.speech) << each.name << ", in pieces of " << size;
    }
  }
}

TEST(SpokenTextTest, WordsAreNotHeldBack) {
  SpokenText spoken;
  EXPECT_EQ(spoken.Add(" It is"), "It is");
  EXPECT_EQ(spoken.Add(" ten <"), " ten ");
  EXPECT_EQ(spoken.Add("b>"), "<b>");
  EXPECT_EQ(spoken.num_unspoken_bytes(), 0);
  EXPECT_FALSE(spoken.has_call());
}

TEST(SpokenTextTest, WhatIsNotSpokenIsCounted) {
  SpokenText spoken;
  spoken.Add("<think>12345</think>Hi<tool_call>x</tool_call>");
  EXPECT_EQ(spoken.num_unspoken_bytes(), 5 + 15 + 1 + 23);
  EXPECT_TRUE(spoken.has_call());
}

TEST(SpokenTextTest, WhatBeginsAsJsonIsNotHeldForEver) {
  SpokenText spoken;
  const std::string text = absl::StrCat("{", std::string(SpokenText::kMaxHeldBytes, 'x'));
  EXPECT_EQ(spoken.Add(text), text);
  EXPECT_EQ(spoken.Add("}"), "}");
  EXPECT_EQ(spoken.Finish(), "");
}

}  // namespace
}  // namespace parlance::pipeline
