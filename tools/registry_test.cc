#include "tools/registry.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

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

TEST(RegistryTest, RefusesANameThatIsTaken) {
  ToolRegistry registry;
  ASSERT_TRUE(registry.Register(Named("a")).ok());
  EXPECT_EQ(registry.Register(Named("a")).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace parlance::tools
