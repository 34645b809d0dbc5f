#include "tools/builtin/builtin_tools.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/registry.h"
#include "tools/testing/fixed_conversation.h"
#include "tools/tool_definition.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::StartsWith;

class BuiltinToolsTest : public testing::Test {
 protected:
  BuiltinToolsTest() {
    const absl::Status registered = RegisterBuiltinTools({.now = [this] { return now_; },
                                                          .local_zone = absl::UTCTimeZone(),
                                                          .notes = &notes_,
                                                          .conversation = &conversation_,
                                                          .timers = &timers_},
                                                         registry_);
    EXPECT_THAT(registered, IsOk());
    executor_ = *ToolExecutor::Create(&registry_, {});
  }

  // The text of the output, or "KIND: message".
  std::string Call(const std::string& name, const std::string& arguments) {
    const ToolResult result = executor_->Execute(name, arguments);
    if (const auto* error = std::get_if<ToolError>(&result)) {
      return absl::StrCat(ToolErrorName(error->kind), ": ", error->message);
    }
    json_ = std::get<ToolOutput>(result).json;
    return std::get<ToolOutput>(result).text;
  }

  // A Thursday.
  absl::Time now_ = absl::FromCivil(absl::CivilSecond(2026, 1, 1, 12, 0, 0), absl::UTCTimeZone());
  InMemoryNoteStore notes_{3};
  InMemoryTimerStore timers_{2};
  FixedConversation conversation_{{"the train leaves at nine"}};
  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
  std::string json_;
};

TEST_F(BuiltinToolsTest, ThereAreSix) {
  std::string names;
  for (const ToolPtr& tool : registry_.List()) absl::StrAppend(&names, tool->tool.name, " ");
  EXPECT_EQ(names, "calculator clock convert_units notes search_conversation timers ");
}

TEST_F(BuiltinToolsTest, ClockKnowsTimeZones) {
  EXPECT_EQ(Call("clock", ""), "It is 12:00, Thursday, January 1.");
  EXPECT_EQ(Call("clock", R"({"time_zone":"Asia/Tokyo"})"),
            "It is 21:00 in Asia/Tokyo, Thursday, January 1.");
  EXPECT_EQ(json_, R"({"time":"2026-01-01T21:00:00+09:00","time_zone":"Asia/Tokyo"})");
  EXPECT_THAT(Call("clock", R"({"time_zone":"new york"})"), StartsWith("It is 07:00 in new york"));
  EXPECT_THAT(Call("clock", R"({"time_zone":"Atlantis"})"),
              StartsWith("invalid_arguments: there is no time zone 'Atlantis'"));
  // Opened, the FIFO would never return. A name of a zone is short, so its path has to be, too.
  char folder[] = "/tmp/zXXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string fifo = absl::StrCat(folder, "/f");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path :
       {std::string("../../etc/passwd"), std::string("/etc/localtime"), absl::StrCat("file:", fifo),
        absl::StrCat("FILE:", fifo), fifo, std::string("file:/dev/stdin"),
        std::string("Fixed/UTC+01:00:00"), std::string("localtime")}) {
    EXPECT_THAT(Call("clock", absl::StrCat(R"({"time_zone":")", path, "\"}")),
                StartsWith("invalid_arguments: "))
        << path;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

// "/etc/localtime" was said to be the zone.
TEST_F(BuiltinToolsTest, ClockSaysTheZoneOrItsOffset) {
  const auto zone_of = [&](const absl::TimeZone& local_zone) {
    ToolRegistry registry;
    EXPECT_THAT(RegisterBuiltinTools({.now = [this] { return now_; },
                                      .local_zone = local_zone,
                                      .notes = &notes_,
                                      .conversation = &conversation_,
                                      .timers = &timers_},
                                     registry),
                IsOk());
    const auto executor = *ToolExecutor::Create(&registry, {});
    const ToolResult result = executor->Execute("clock", "{}");
    const std::string json = std::get<ToolOutput>(result).json;
    return json.substr(json.find("time_zone"));
  };
  EXPECT_EQ(zone_of(absl::FixedTimeZone(20700)), R"(time_zone":"UTC+05:45"})");
  EXPECT_EQ(zone_of(absl::UTCTimeZone()), R"(time_zone":"UTC"})");
  absl::TimeZone by_path;
  if (absl::LoadTimeZone("/usr/share/zoneinfo/Asia/Tokyo", &by_path)) {
    EXPECT_EQ(zone_of(by_path), R"(time_zone":"Asia/Tokyo"})");
  }
}

TEST_F(BuiltinToolsTest, CalculatorCalculates) {
  EXPECT_EQ(Call("calculator", R"({"expression":"12*7"})"), "The answer is 84.");
  EXPECT_EQ(json_, R"({"value":84})");
  EXPECT_EQ(Call("calculator", R"({"expression":"123456.78"})"), "The answer is 123456.78.");
  EXPECT_EQ(json_, R"({"value":123456.78})");
  EXPECT_EQ(Call("calculator", R"({"expression":"1/3"})"), "The answer is about 0.333333333333.");
  EXPECT_EQ(json_, R"({"value":0.3333333333333333,"rounded":true})");
  EXPECT_EQ(Call("calculator", R"({"expression":"1/0"})"), "failed: division by zero");
  EXPECT_THAT(Call("calculator", R"({"expression":"1+"})"), StartsWith("invalid_arguments: "));
  EXPECT_THAT(Call("calculator", "{}"),
              StartsWith("invalid_arguments: the arguments: lacks the property 'expression'"));
}

TEST_F(BuiltinToolsTest, ConvertsUnits) {
  EXPECT_EQ(Call("convert_units", R"({"value":10,"from":"meters","to":"feet"})"),
            "10 meters is about 32.8084 feet.");
  EXPECT_EQ(json_, R"({"value":32.808398950131235,"rounded":true,"unit":"feet"})");
  EXPECT_EQ(Call("convert_units", R"({"value":123456.78,"from":"m","to":"km"})"),
            "123456.78 meters is 123.45678 kilometers.");
  EXPECT_EQ(json_, R"({"value":123.45678,"unit":"kilometers"})");
  // More digits than are kept of it are not exact.
  EXPECT_THAT(Call("convert_units", R"({"value":12345678901234567890123,"from":"m","to":"m"})"),
              HasSubstr(" is about "));
  EXPECT_EQ(Call("convert_units", R"({"value":9007199254740993,"from":"m","to":"m"})"),
            "9007199254740993 meters is 9007199254740993 meters.");
  EXPECT_THAT(Call("convert_units", R"({"value":1,"from":"x","to":"feet"})"),
              StartsWith("invalid_arguments: there is no unit 'x'"));
  EXPECT_THAT(Call("convert_units", R"({"value":1e308,"from":"km","to":"mm"})"),
              StartsWith("failed: "));
}

TEST_F(BuiltinToolsTest, TimersStartListAndCancel) {
  EXPECT_EQ(Call("timers", R"({"action":"list"})"), "There are no timers.");
  EXPECT_EQ(Call("timers", R"({"action":"start","seconds":300,"label":"tea"})"),
            "The timer is set for 5 minutes.");
  EXPECT_EQ(json_, R"({"id":1,"label":"tea","remaining_seconds":300})");
  EXPECT_EQ(Call("timers", R"({"action":"start","seconds":3661})"),
            "The timer is set for 1 hour 1 minute 1 second.");
  now_ += absl::Seconds(100);
  EXPECT_EQ(Call("timers", R"({"action":"list"})"),
            "You have 2 timers. The next rings in 3 minutes 20 seconds.");
  EXPECT_THAT(Call("timers", R"({"action":"start","seconds":1})"),
              StartsWith("failed: there are 2 timers already"));
  EXPECT_EQ(Call("timers", R"({"action":"cancel","id":1})"), "Timer 1 is cancelled.");
  EXPECT_EQ(Call("timers", R"({"action":"cancel","id":1})"), "failed: there is no timer 1");
  // 1.0 is an integer to a schema, and so is 1e300.
  EXPECT_EQ(Call("timers", R"({"action":"cancel","id":1.0})"), "failed: there is no timer 1");
  for (const char* id : {"1e300", "18446744073709551615", "9223372036854775808"}) {
    EXPECT_THAT(Call("timers", absl::StrCat(R"({"action":"cancel","id":)", id, "}")),
                StartsWith("failed: there is no"));
  }
  EXPECT_THAT(Call("timers", R"({"action":"start"})"), StartsWith("invalid_arguments: "));
  EXPECT_TRUE(timers_.TakeDue("", now_).empty());
  const auto due = timers_.TakeDue("", now_ + absl::Hours(2));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].id, 2);
  EXPECT_TRUE(timers_.List("").empty());
}

TEST_F(BuiltinToolsTest, NotesAreKept) {
  EXPECT_EQ(Call("notes", R"({"action":"list"})"), "There are no notes.");
  EXPECT_EQ(Call("notes", R"({"action":"add","text":"buy oat milk"})"), "I noted: buy oat milk.");
  EXPECT_EQ(Call("notes", R"({"action":"add","text":"call Ada"})"), "I noted: call Ada.");
  EXPECT_EQ(Call("notes", R"({"action":"list"})"), "You have 2 notes: buy oat milk. call Ada.");
  EXPECT_EQ(Call("notes", R"({"action":"find","text":"MILK"})"), "You have 1 note: buy oat milk.");
  EXPECT_EQ(Call("notes", R"({"action":"remove","id":1})"), "The note is removed.");
  EXPECT_EQ(Call("notes", R"({"action":"remove","id":1})"), "failed: there is no note 1");
  EXPECT_EQ(Call("notes", R"({"action":"find","text":"milk"})"), "There are no notes.");
  EXPECT_THAT(Call("notes", R"({"action":"add"})"), StartsWith("invalid_arguments: "));
}

TEST_F(BuiltinToolsTest, SearchesTheConversation) {
  EXPECT_EQ(Call("search_conversation", R"({"words":"train"})"),
            "You said: the train leaves at nine.");
  EXPECT_EQ(json_, R"({"hits":["the train leaves at nine"]})");
  EXPECT_EQ(Call("search_conversation", R"({"words":"train","limit":1.0})"),
            "You said: the train leaves at nine.");
  EXPECT_EQ(Call("search_conversation", R"({"words":"boat"})"), "Nothing was said about boat.");
}

TEST(RegisterBuiltinToolsTest, NeedsItsDependencies) {
  ToolRegistry registry;
  EXPECT_THAT(RegisterBuiltinTools({}, registry), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parlance::tools
