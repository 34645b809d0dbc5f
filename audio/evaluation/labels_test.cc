#include "audio/evaluation/labels.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audio/sound_file/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

// "0.5-1 hello|2-2 bell", or the error.
std::string Parsed(absl::string_view text) {
  const auto labels = ParseLabels(text, "a.txt");
  if (!labels.ok()) {
    EXPECT_THAT(labels, StatusIs(absl::StatusCode::kInvalidArgument));
    return std::string(labels.status().message());
  }
  return absl::StrJoin(*labels, "|", [](std::string* out, const Label& label) {
    absl::StrAppend(out, label.begin_s, "-", label.end_s, " ", label.text);
  });
}

TEST(LabelsTest, ReadsWhatAudacityWrites) {
  const struct {
    const char* name;
    const char* text;
    const char* parsed;
  } cases[] = {
      {"nothing", "", ""},
      {"labels", "0.500000\t1.000000\thello\n2\t3.25\tyou there\n", "0.5-1 hello|2-3.25 you there"},
      {"no last line feed", "0\t1\ta", "0-1 a"},
      {"no text", "0\t1\n0\t1\t\n", "0-1 |0-1 "},
      {"a point", "2.5\t2.5\tbell\n", "2.5-2.5 bell"},
      {"a point without end", "2.5\tbell\n2.5\n", "2.5-2.5 bell|2.5-2.5 "},
      {"frequency ranges", "0\t1\ta\n\\\t100.0\t4000.0\n1\t2\tb\n", "0-1 a|1-2 b"},
      {"CR LF", "0\t1\ta\r\n1\t2\tb\r\n", "0-1 a|1-2 b"},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "0\t1\ta\n",
       "0-1 a"},
      {"empty lines", "\n0\t1\ta\n  \n\n", "0-1 a"},
      {"text with tabs", "0\t1\ta\tb\n", "0-1 a\tb"},
      {"other scripts", "0\t1\tüber 東京 🙂\n", "0-1 über 東京 🙂"},
      {"order is kept", "3\t4\tb\n0\t1\ta\n", "3-4 b|0-1 a"},
  };
  for (const auto& test : cases) EXPECT_EQ(Parsed(test.text), test.parsed) << test.name;
}

TEST(LabelsTest, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* name;
    std::string text;
    const char* error;
  } cases[] = {
      {"decimal comma", "0\t1\ta\n1,5\t2,5\tb\n",
       "a.txt:2: the begin '1,5' has a decimal comma; write a point instead"},
      {"decimal comma in the end", "0\t1,25\ta", "a.txt:1: the end '1,25' has a decimal comma"},
      {"end before begin", "\n2\t1.5\ta\n", "a.txt:2: the end '1.5' is before the begin 2"},
      {"negative", "-0.5\t1\ta\n", "a.txt:1: the begin '-0.5' is negative"},
      {"not a number", "nan\t1\ta\n", "the begin 'nan' is not a number of seconds"},
      {"infinite", "0\tinf\ta\n", "the end 'inf' is not a number of seconds"},
      {"too large for a number", "0\t1e999\ta\n", "the end '1e999' is not a number"},
      {"beyond the limit", "0\t10000001\ta\n", "is beyond 10000000 s"},
      {"words", "hello there\n", "the begin 'hello there' is not a number of seconds; a line is "},
      {"spaces for tabs", "0.5 1.5 hello\n", "the begin '0.5 1.5 hello' is not a number"},
      {"no begin", "\t1\ta\n", "the begin is missing"},
      {"no end, but more", "1\t\ta\n", "the end is missing"},
      {"an end of words", "1\tab\tc\n", "the end 'ab' is not a number of seconds"},
      {"Latin-1",
       "0\t1\t\xFC"
       "ber\n",
       "a.txt:1: it is not UTF-8; export the labels as UTF-8"},
      {"UTF-16",
       std::string("\xFF\xFE"
                   "0\0",
                   4),
       "a.txt:1: it is not UTF-8"},
      {"a NUL", std::string("0\0\t1\n", 5), "the begin '0?' is not a number"},
      {"escape sequences", "\x1B[31m\t1\n", "the begin '?[31m' is not a number"},
      {"a long field", std::string(1000, 'x'), "xxxx...' is not a number"},
  };
  for (const auto& test : cases) {
    const std::string error = Parsed(test.text);
    EXPECT_THAT(error, HasSubstr(test.error)) << test.name;
  }
}

std::string Spans(absl::string_view text) {
  const auto labels = ParseLabels(text, "a.txt");
  EXPECT_THAT(labels, IsOk());
  return absl::StrJoin(SpeechSpans(*labels), " ", [](std::string* out, const TimeSpan& span) {
    absl::StrAppend(out, span.begin_s, "-", span.end_s);
  });
}

TEST(LabelsTest, SpeechIsMergedAndInOrder) {
  EXPECT_EQ(Spans("3\t4\tb\n0\t1\ta\n"), "0-1 3-4");
  EXPECT_EQ(Spans("0\t2\ta\n1\t3\tb\n3\t4\tc\n"), "0-4");
  EXPECT_EQ(Spans("0\t9\ta\n1\t3\tb\n"), "0-9");
  EXPECT_EQ(Spans("1\t1\tclick\n2\tclick\n"), "");
}

TEST(LabelsTest, SomeTextsAreNotSpeech) {
  EXPECT_EQ(Spans("0\t1\tnoise\n2\t3\tMusic\n4\t5\t silence \n6\t7\tNONSPEECH\n8\t9\t\n"), "8-9");
  EXPECT_EQ(Spans("0\t1\tnoise of a train\n"), "0-1");
}

TEST(LabelsTest, FramesAreSpeechByTheirMiddle) {
  const struct {
    const char* name;
    TimeSpan span;
    std::vector<uint8_t> frames;
  } cases[] = {
      {"whole frames", {0.01, 0.03}, {0, 1, 1, 0, 0}},
      {"from a middle on", {0.005, 0.015}, {1, 0, 0, 0, 0}},
      {"less than half", {0.006, 0.014}, {0, 0, 0, 0, 0}},
      {"beyond the end", {0.03, 100}, {0, 0, 0, 1, 1}},
      {"behind the end", {100, 1e7}, {0, 0, 0, 0, 0}},
      {"everything", {0, 0.05}, {1, 1, 1, 1, 1}},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(SpeechFrames({test.span}, 5), test.frames) << test.name;
  }
  // 0.035 * 100 is more than 3.5.
  EXPECT_EQ(SpeechFrames({{0.035, 0.045}}, 5), (std::vector<uint8_t>{0, 0, 0, 1, 0}));
}

TEST(LabelsTest, WhatIsWrittenIsRead) {
  const std::vector<Label> labels = {{0, 0.123456, "a"}, {1, 1, "tab\tand\nline"}, {2, 3, ""}};
  const std::string text = FormatLabels(labels);
  EXPECT_EQ(text,
            "0.000000\t0.123456\ta\n1.000000\t1.000000\ttab and line\n2.000000\t3.000000\t\n");
  EXPECT_EQ(Parsed(text), "0-0.123456 a|1-1 tab and line|2-3 ");
}

TEST(LabelsTest, WhatWasFoundIsToldFromWhatSomebodyMade) {
  EXPECT_EQ(FormatFoundSpeech({}), "");
  const std::string one = FormatFoundSpeech({{0.25, 2.4}});
  EXPECT_EQ(one, "0.250000\t2.400000\tspeech (vad a2175a76)\n");
  const std::string found = FormatFoundSpeech({{0, 1}, {2, 3.5}, {4, 5}});
  EXPECT_TRUE(IsFoundSpeech(one));
  EXPECT_TRUE(IsFoundSpeech(found));
  EXPECT_EQ(Spans(found), "0-1 2-3.5 4-5");
  for (size_t i = 0; i < found.size(); ++i) {
    std::string changed = found;
    changed[i] ^= 1;
    EXPECT_FALSE(IsFoundSpeech(changed)) << i;
    EXPECT_FALSE(IsFoundSpeech(found.substr(0, i))) << i;
  }
  for (const char* const other :
       {"", "\n", "0.1\t0.9\tspeech\n", "0.1\t0.5\tspeech\n1.0\t2.0\tnoise", "\n (vad )\n"}) {
    EXPECT_FALSE(IsFoundSpeech(other)) << other;
  }
  EXPECT_FALSE(IsFoundSpeech(found + "6\t7\tnoise\n"));
  EXPECT_FALSE(IsFoundSpeech(found.substr(found.find('\n') + 1)));
}

TEST(Utf8Test, KnowsCharacters) {
  const struct {
    const char* name;
    absl::string_view text;
    size_t size;
  } cases[] = {
      {"nothing", "", 0},
      {"ASCII", "ab", 1},
      {"NUL", absl::string_view("\0", 1), 1},
      {"two", "\xC3\xBC.", 2},
      {"three", "\xE6\x9D\xB1.", 3},
      {"four", "\xF0\x9F\x99\x82.", 4},
      {"the last", "\xF4\x8F\xBF\xBF", 4},
      {"beyond the last", "\xF4\x90\x80\x80", 0},
      {"overlong two", "\xC0\xAF", 0},
      {"overlong three", "\xE0\x80\xAF", 0},
      {"overlong four", "\xF0\x80\x80\xAF", 0},
      {"surrogate", "\xED\xA0\x80", 0},
      {"before the surrogates", "\xED\x9F\xBF", 3},
      {"continuation", "\x80", 0},
      {"cut short", "\xE6\x9D", 0},
      {"not continued", "\xC3.", 0},
      {"five", "\xF8\x88\x80\x80\x80", 0},
  };
  for (const auto& test : cases) EXPECT_EQ(Utf8CharacterSize(test.text), test.size) << test.name;
}

}  // namespace
}  // namespace parlance::audio
