#include "tools/tool_json.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

absl::StatusOr<ToolOutput> Nothing(const rapidjson::Value&, const ToolContext&) {
  return ToolOutput{.json = "{}", .text = ""};
}

class ToolJsonTest : public testing::Test {
 protected:
  ToolJsonTest() {
    EXPECT_TRUE(registry_
                    .Register({.name = "weather",
                               .title = "The Weather",
                               .description = "Says \"how\" it is.",
                               .version = "1.2",
                               .parameters = "{\"type\": \"object\",\n \"title\": \"a \\\" \\\\\", "
                                             "\"required\": [\"city\"]}",
                               .result_schema = R"({"type":"object"})",
                               .annotations = {.read_only = true, .idempotent = true},
                               .handler = Nothing})
                    .ok());
    EXPECT_TRUE(registry_
                    .Register({.name = "alarm",
                               .description = "Wakes.",
                               .parameters = R"({"type":"object"})",
                               .handler = Nothing})
                    .ok());
  }

  ToolRegistry registry_;
};

TEST_F(ToolJsonTest, WritesWhatMcpLists) {
  EXPECT_EQ(
      McpToolsJson(registry_.List()),
      R"({"tools":[{"name":"alarm","description":"Wakes.","inputSchema":{"type":"object"},)"
      R"("annotations":{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,)"
      R"("openWorldHint":true}},{"name":"weather","title":"The Weather","description":)"
      R"("Says \"how\" it is.","inputSchema":{"type":"object","title":"a \" \\","required":["city"]},)"
      R"("outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true,)"
      R"("destructiveHint":true,"idempotentHint":true,"openWorldHint":true},)"
      R"("_meta":{"parlance/version":"1.2"}}]})");
}

TEST_F(ToolJsonTest, WritesWhatOpenAiTakes) {
  EXPECT_EQ(OpenAiToolsJson(registry_.List()),
            R"([{"type":"function","function":{"name":"alarm","description":"Wakes.",)"
            R"("parameters":{"type":"object"}}},{"type":"function","function":{"name":"weather",)"
            R"("description":"Says \"how\" it is.","parameters":{"type":"object",)"
            R"("title":"a \" \\","required":["city"]}}}])");
}

TEST_F(ToolJsonTest, ReadsWhatItWrites) {
  const auto mcp = ReadTools(McpToolsJson(registry_.List()));
  ASSERT_TRUE(mcp.ok()) << mcp.status();
  ASSERT_EQ(mcp->size(), 2u);
  const Tool& weather = (*mcp)[1];
  EXPECT_EQ(weather.name, "weather");
  EXPECT_EQ(weather.title, "The Weather");
  EXPECT_EQ(weather.version, "1.2");
  EXPECT_EQ(weather.parameters, R"({"type":"object","title":"a \" \\","required":["city"]})");
  EXPECT_EQ(weather.result_schema, R"({"type":"object"})");
  EXPECT_TRUE(weather.annotations.read_only);
  EXPECT_TRUE(weather.annotations.idempotent);
  EXPECT_TRUE(weather.annotations.destructive);
  const auto openai = ReadTools(OpenAiToolsJson(registry_.List()));
  ASSERT_TRUE(openai.ok()) << openai.status();
  EXPECT_EQ((*openai)[1].description, "Says \"how\" it is.");
  EXPECT_EQ((*openai)[1].parameters, R"({"type":"object","title":"a \" \\","required":["city"]})");
}

TEST_F(ToolJsonTest, ReadsOneToolAndOnesWithoutParameters) {
  const auto tools = ReadTools(R"({"name":"ping","description":"Pings."})");
  ASSERT_TRUE(tools.ok()) << tools.status();
  ASSERT_EQ(tools->size(), 1u);
  EXPECT_EQ((*tools)[0].parameters, R"({"type":"object","properties":{}})");
}

TEST_F(ToolJsonTest, SaysWhatIsNoTool) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"[", "not JSON: at byte 1"},
           {"3", "a tool is not an object"},
           {"{}", "a tool has no name"},
           {R"([{"name":"a"},7])", "tool 1: a tool"},
           {R"({"tools":{}})", "a tool has no name"}}) {
    const auto tools = ReadTools(text);
    EXPECT_TRUE(absl::StrContains(tools.status().message(), message)) << text << tools.status();
  }
}

}  // namespace
}  // namespace parlance::tools
