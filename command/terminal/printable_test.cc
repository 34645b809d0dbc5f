#include "command/terminal/printable.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace command {
namespace {

std::string Bytes(absl::string_view text) { return std::string(text); }

TEST(PrintableTest, WhatATerminalObeysIsShown) {
  const struct {
    absl::string_view name;
    std::string text;
    absl::string_view printable;
  } cases[] = {
      {"plain", "a b", "a b"},
      {"newline and tab", "a\n\tb", "a\n\tb"},
      {"end of line of other systems", "a\r\nb", "a\nb"},
      {"carriage return overwrites a line", "a\rb", "a\\x0db"},
      {"escape sequence", "\x1b[31m", "\\x1b[31m"},
      {"NUL does not end it", Bytes(absl::string_view("a\0b", 3)), "a\\x00b"},
      {"DEL", "\x7f", "\\x7f"},
      {"C1 control in UTF-8",
       "\xC2\x9B"
       "31m",
       "\\u009b31m"},
      {"C1 control as a byte",
       "\x9B"
       "31m",
       "\\x9b31m"},
      // NOLINTBEGIN(misc-misleading-bidirectional): they are what is made harmless.
      {"right-to-left override", "\xE2\x80\xAE", "\\u202e"},
      {"isolate", "\xE2\x81\xA6", "\\u2066"},
      // NOLINTEND(misc-misleading-bidirectional)
      {"umlaut, CJK and emoji stay", "ä部😀", "ä部😀"},
      {"no-break space stays", "\xC2\xA0", "\xC2\xA0"},
      {"cut character", "\xE9\x83", "\\xe9\\x83"},
      {"overlong escape", "\xC0\x9B", "\\xc0\\x9b"},
      {"overlong in three bytes", "\xE0\x82\x9B", "\\xe0\\x82\\x9b"},
      {"surrogate", "\xED\xA0\x80", "\\xed\\xa0\\x80"},
      {"beyond Unicode", "\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Printable(test.text), test.printable);
  }
}

TEST(PrintableTest, OneLineHasNoNewline) {
  EXPECT_EQ(PrintableLine("a\nb\tc\r\nd"), "a b c d");
  EXPECT_EQ(PrintableLine("\x1b[2J"), "\\x1b[2J");
}

TEST(PrintableTest, JsonStaysTheSameValue) {
  EXPECT_EQ(PrintableJson("{\"a\":\"\xC2\x9B\x7f ä\"}"), "{\"a\":\"\\u009b\\u007f ä\"}");
  EXPECT_EQ(PrintableJson("{\n  \"a\": 1\r\n}\n"), "{\n  \"a\": 1\r\n}\n");
  EXPECT_EQ(PrintableJson("\"\\u001b\""), "\"\\u001b\"");
  // NOLINTNEXTLINE(misc-misleading-bidirectional): it is what is made harmless.
  EXPECT_EQ(PrintableJson("\"\xE2\x80\xAE\""), "\"\\u202e\"");
  EXPECT_EQ(PrintableJson("\"\xff\""), "\"\\ufffd\"");
}

TEST(PrintableTest, TextIsCutBetweenCharacters) {
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("abcd", 3), "abc…");
  EXPECT_EQ(CutText("ab😀", 4), "ab…");
  EXPECT_EQ(CutText("ab😀", 6), "ab😀");
  // Bytes that begin no character are no reason to look before the text.
  EXPECT_EQ(CutText("\x80\x80\x80", 2), "…");
}

// Whatever is made printable has nothing left to be shown, for every text of two bytes and random
// ones.
TEST(PrintableTest, PrintableTextStaysAsItIs) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      const std::string printable = Printable(text);
      ASSERT_EQ(Printable(printable), printable) << first << " " << second;
      for (const char c : printable) {
        ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
        ASSERT_NE(c, '\x7f');
      }
    }
  }
}

}  // namespace
}  // namespace command
