#include "perf/record/record_text.h"

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(RecordTextTest, IsUtf8WithoutNul) {
  for (const absl::string_view text :
       {"", "audio.vad", "a\x01\x1b[31m\x7f\n\tb", "ä", "讨论 🙂", "\uFFFD", "\U0010FFFF"}) {
    EXPECT_TRUE(IsRecordText(text)) << text;
  }
  for (const absl::string_view text :
       {absl::string_view("a\0b", 3), absl::string_view("\0", 1), absl::string_view("ä\0", 3),
        // A byte that begins no character, characters cut short, a longer form than needed, a
        // surrogate, and what is beyond the last character.
        absl::string_view("\xff"), absl::string_view("a\x80"), absl::string_view("\xe8\xae"),
        absl::string_view("\xc3"), absl::string_view("\xc0\xaf"), absl::string_view("\xed\xa0\x80"),
        absl::string_view("\xf4\x90\x80\x80")}) {
    EXPECT_FALSE(IsRecordText(text)) << text;
  }
}

}  // namespace
}  // namespace perf
