#include "perf/command_line.h"

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

ABSL_FLAG(bool, loud, false, "Speak up.");
ABSL_FLAG(int, repeat, 2, "How often.");
ABSL_FLAG(std::vector<std::string>, word, {}, "What to say.");
ABSL_FLAG(bool, hidden, false, "Not offered.");

namespace perf {
namespace {

constexpr absl::string_view kNames[] = {"loud", "repeat", "word"};

TEST(CommandLineTest, ReadsEveryForm) {
  const absl::FlagSaver saver;
  ASSERT_TRUE(ParseFlags({"--loud", "--repeat", "3", "--word=a,b"}, kNames).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_loud));
  EXPECT_EQ(absl::GetFlag(FLAGS_repeat), 3);
  EXPECT_EQ(absl::GetFlag(FLAGS_word), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(ParseFlags({"--noloud"}, kNames).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_loud));
}

TEST(CommandLineTest, NamesWhatIsWrong) {
  const absl::FlagSaver saver;
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--lout"}, "unknown flag --lout"},         {{"--hidden"}, "unknown flag --hidden"},
      {{"--norepeat"}, "unknown flag --norepeat"}, {{"--repeat"}, "--repeat needs a value"},
      {{"--repeat=often"}, "--repeat=often"},      {{"--loud=maybe"}, "--loud=maybe"},
      {{"hello"}, "unexpected argument 'hello'"},
  };
  for (const auto& [arguments, message] : cases) {
    const absl::Status parsed = ParseFlags(arguments, kNames);
    EXPECT_EQ(parsed.code(), absl::StatusCode::kInvalidArgument) << arguments[0];
    EXPECT_TRUE(absl::StrContains(parsed.message(), message)) << parsed;
  }
}

TEST(CommandLineTest, KeepsOtherArgumentsIfAsked) {
  const absl::FlagSaver saver;
  std::vector<std::string> others;
  ASSERT_TRUE(ParseFlags({"name", "--repeat", "4", "more"}, kNames, &others).ok());
  EXPECT_EQ(others, (std::vector<std::string>{"name", "more"}));
  EXPECT_EQ(absl::GetFlag(FLAGS_repeat), 4);
}

TEST(CommandLineTest, HelpNamesEveryFlagWithItsDefault) {
  const std::string help = FlagsHelp(kNames);
  EXPECT_TRUE(absl::StrContains(help, "  --loud\n      Speak up.\n")) << help;
  EXPECT_TRUE(absl::StrContains(help, "  --repeat\n      How often. Default: 2.\n")) << help;
  EXPECT_FALSE(absl::StrContains(help, "hidden")) << help;
}

}  // namespace
}  // namespace perf
