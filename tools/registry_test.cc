#include "tools/registry.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/reader_gate.h"

namespace parlance::tools {
namespace {

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
  ASSERT_TRUE(registry.Register(Named("b-2")).ok());
  ASSERT_TRUE(registry.Register(Named("a_1")).ok());
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
    EXPECT_EQ(registry.Register(Named(name)).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  Tool tool = Named("a");
  tool.description.clear();
  EXPECT_FALSE(registry.Register(tool).ok());
  tool = Named("a");
  tool.handler = nullptr;
  EXPECT_FALSE(registry.Register(tool).ok());
  tool = Named("a");
  tool.parameters = R"({"type":"objekt"})";
  const absl::Status registered = registry.Register(tool);
  EXPECT_TRUE(absl::StrContains(registered.message(), "tool 'a': schema '/type'")) << registered;
  EXPECT_TRUE(registry.List().empty());
}

TEST(RegistryTest, ARemovedToolIsGoneAndMayStillBeUsed) {
  ToolRegistry registry;
  ASSERT_TRUE(registry.Register(Named("a")).ok());
  const ToolPtr tool = registry.Find("a");
  const uint64_t version = registry.version();
  ASSERT_TRUE(registry.Remove("a").ok());
  EXPECT_GT(registry.version(), version);
  EXPECT_EQ(registry.Find("a"), nullptr);
  EXPECT_TRUE(registry.List().empty());
  EXPECT_EQ(tool->tool.name, "a");
  EXPECT_EQ(registry.Remove("a").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(registry.Register(Named("a")).ok());
  EXPECT_NE(registry.Find("a"), tool);
}

TEST(RegistryTest, FindsAmongMany) {
  ToolRegistry registry;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(registry.Register(Named(absl::StrCat("t", i))).ok());
  for (int i = 0; i < 1000; i += 2) ASSERT_TRUE(registry.Remove(absl::StrCat("t", i)).ok());
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
  ASSERT_TRUE(registry.Register(Named("stays")).ok());
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
    ASSERT_TRUE(registry.Register(Named("comes")).ok());
    ASSERT_TRUE(registry.Remove("comes").ok());
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
  ASSERT_TRUE(registry.Register(Named("a")).ok());
  EXPECT_EQ(registry.Register(Named("a")).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace parlance::tools
