#include "tools/registry.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/reader_gate.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

Tool Named(const std::string& name) {
  return {.name = name,
          .description = "Does nothing.",
          .parameters = R"({"type":"object"})",
          .computes_only = true,
          .handler = [](const rapidjson::Value&, const ToolContext&) -> absl::StatusOr<ToolOutput> {
            return ToolOutput{.json = "{}", .text = "Done."};
          }};
}

TEST(RegistryTest, FindsWhatIsRegistered) {
  ToolRegistry registry;
  ASSERT_THAT(registry.Register(Named("b-2")), IsOk());
  ASSERT_THAT(registry.Register(Named("a_1")), IsOk());
  ASSERT_NE(registry.Find("a_1"), nullptr);
  EXPECT_EQ(registry.Find("a_1")->tool.name, "a_1");
  EXPECT_EQ(registry.Find("a"), nullptr);
  const auto list = registry.List();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]->tool.name, "a_1");
  EXPECT_EQ(list[1]->tool.name, "b-2");
}

TEST(RegistryTest, RefusesMalformedTools) {
  ToolRegistry registry;
  for (const std::string& name : {std::string(), std::string("a b"), std::string("ä"),
                                  std::string(65, 'a'), std::string("a/b")}) {
    EXPECT_THAT(registry.Register(Named(name)), StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
  Tool tool = Named("a");
  tool.description.clear();
  EXPECT_THAT(registry.Register(tool), Not(IsOk()));
  tool = Named("a");
  tool.handler = nullptr;
  EXPECT_THAT(registry.Register(tool), Not(IsOk()));
  tool = Named("a");
  tool.parameters = R"({"type":"objekt"})";
  const absl::Status registered = registry.Register(tool);
  EXPECT_THAT(registered.message(), HasSubstr("tool 'a': schema '/type'"));
  EXPECT_TRUE(registry.List().empty());
}

TEST(RegistryTest, AToolWhoseArgumentsCanBeNoObjectIsRefused) {
  ToolRegistry registry;
  Tool tool = Named("a");
  for (const char* const parameters :
       {"false", R"({"type":"array"})", R"({"type":["string","null"]})", R"({"type":"string"})"}) {
    tool.parameters = parameters;
    EXPECT_THAT(registry.Register(tool), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("tool 'a' can never be called")))
        << parameters;
  }
  for (const char* const parameters :
       {"true", "{}", R"({"type":"object"})", R"({"type":["object","null"]})"}) {
    tool.parameters = parameters;
    EXPECT_THAT(registry.Register(tool), IsOk()) << parameters;
    EXPECT_THAT(registry.Remove("a"), IsOk());
  }
}

TEST(RegistryTest, ARemovedToolIsGoneAndMayStillBeUsed) {
  ToolRegistry registry;
  ASSERT_THAT(registry.Register(Named("a")), IsOk());
  const ToolPtr tool = registry.Find("a");
  const uint64_t version = registry.version();
  ASSERT_THAT(registry.Remove("a"), IsOk());
  EXPECT_GT(registry.version(), version);
  EXPECT_EQ(registry.Find("a"), nullptr);
  EXPECT_TRUE(registry.List().empty());
  EXPECT_EQ(tool->tool.name, "a");
  EXPECT_THAT(registry.Remove("a"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(registry.Register(Named("a")), IsOk());
  EXPECT_NE(registry.Find("a"), tool);
}

TEST(RegistryTest, FindsAmongMany) {
  ToolRegistry registry;
  for (int i = 0; i < 1000; ++i)
    ASSERT_THAT(registry.Register(Named(absl::StrCat("t", i))), IsOk());
  for (int i = 0; i < 1000; i += 2) ASSERT_THAT(registry.Remove(absl::StrCat("t", i)), IsOk());
  for (int i = 0; i < 1000; ++i) {
    const ToolPtr tool = registry.Find(absl::StrCat("t", i));
    ASSERT_EQ(tool != nullptr, i % 2 == 1) << i;
    if (tool != nullptr) {
      EXPECT_EQ(tool->tool.name, absl::StrCat("t", i));
    }
  }
}

// Under the sanitizers this would be a use after free, or a race.
TEST(RegistryTest, ToolsComeAndGoWhileOthersLookThemUp) {
  ToolRegistry registry;
  ASSERT_THAT(registry.Register(Named("stays")), IsOk());
  std::atomic<bool> stop = false;
  std::atomic<int> num_wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const ToolPtr stays = registry.Find("stays");
        const ToolPtr comes = registry.Find("comes");
        num_wrong += stays == nullptr || stays->tool.name != "stays";
        num_wrong += comes != nullptr && comes->tool.name != "comes";
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    ASSERT_THAT(registry.Register(Named("comes")), IsOk());
    ASSERT_THAT(registry.Remove("comes"), IsOk());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(num_wrong, 0);
}

TEST(ReaderGateTest, AWriterWaitsForReadersThatBeganBefore) {
  ReaderGate gate;
  std::atomic<bool> has_waited = false;
  std::thread writer;
  {
    const ReaderGate::Reader reader(gate);
    writer = std::thread([&] {
      gate.WaitForReaders();
      has_waited = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(has_waited);
  }
  writer.join();
  EXPECT_TRUE(has_waited);
}

TEST(RegistryTest, RefusesANameThatIsTaken) {
  ToolRegistry registry;
  ASSERT_THAT(registry.Register(Named("a")), IsOk());
  EXPECT_THAT(registry.Register(Named("a")), StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace parlance::tools
