#include "tools/tool_json.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::StatusOr<ToolOutput> Nothing(const rapidjson::Value&, const ToolContext&) {
  return ToolOutput{.json = "{}", .text = ""};
}

class ToolJsonTest : public testing::Test {
 protected:
  ToolJsonTest() {
    EXPECT_THAT(
        registry_.Register({.name = "weather",
                            .title = "The Weather",
                            .description = "Says \"how\" it is.",
                            .version = "1.2",
                            .parameters = "{\"type\": \"object\",\n \"title\": \"a \\\" \\\\\", "
                                          "\"required\": [\"city\"]}",
                            .result_schema = R"({"type":"object"})",
                            .annotations = {.read_only = true, .idempotent = true},
                            .handler = Nothing}),
        IsOk());
    EXPECT_THAT(registry_.Register({.name = "alarm",
                                    .description = "Wakes.",
                                    .parameters = R"({"type":"object"})",
                                    .handler = Nothing}),
                IsOk());
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
  ASSERT_THAT(mcp, IsOk());
  ASSERT_EQ(mcp->tools.size(), 2u);
  const Tool& weather = mcp->tools[1].tool;
  EXPECT_EQ(weather.name, "weather");
  EXPECT_EQ(weather.title, "The Weather");
  EXPECT_EQ(weather.version, "1.2");
  EXPECT_EQ(weather.parameters, R"({"type":"object","title":"a \" \\","required":["city"]})");
  EXPECT_EQ(weather.result_schema, R"({"type":"object"})");
  EXPECT_TRUE(weather.annotations.read_only);
  EXPECT_TRUE(weather.annotations.idempotent);
  EXPECT_TRUE(weather.annotations.destructive);
  const auto openai = ReadTools(OpenAiToolsJson(registry_.List()));
  ASSERT_THAT(openai, IsOk());
  EXPECT_EQ(openai->tools[1].tool.description, "Says \"how\" it is.");
  EXPECT_EQ(openai->tools[1].tool.parameters,
            R"({"type":"object","title":"a \" \\","required":["city"]})");
}

TEST_F(ToolJsonTest, ReadsOneToolAndOnesWithoutParameters) {
  const auto tools = ReadTools(R"({"name":"ping","description":"Pings."})");
  ASSERT_THAT(tools, IsOk());
  ASSERT_EQ(tools->tools.size(), 1u);
  EXPECT_EQ(tools->tools[0].tool.parameters, R"({"type":"object","properties":{}})");
}

TEST_F(ToolJsonTest, NumbersOfSchemasAreAsTheyAreWritten) {
  const auto tools = ReadTools(
      R"({"tools":[{"name":"a","inputSchema":{"type" : "object", "maximum":1E5,"minimum":-0},)"
      R"("outputSchema":{"const":12345678901234567890123}}]})");
  ASSERT_THAT(tools, IsOk());
  EXPECT_EQ(tools->tools[0].tool.parameters, R"({"type":"object","maximum":1E5,"minimum":-0})");
  EXPECT_EQ(tools->tools[0].tool.result_schema, R"({"const":12345678901234567890123})");
}

TEST_F(ToolJsonTest, NamesWhatIsNotKept) {
  const auto tools = ReadTools(
      R"([{"type":"function","x":1,"function":{"name":"a","strict":true,"parameters":{}}},)"
      R"({"name":"b","icons":[],"execution":{},"inputSchema":{},"parameters":{},"y":null,)"
      R"("annotations":{"title":"B","z":1},"_meta":{"parlance/version":"1","p/q":2}},{"name":"c"}])");
  ASSERT_THAT(tools, IsOk());
  EXPECT_THAT(tools->tools[0].unkept, ElementsAre("x", "strict"));
  EXPECT_THAT(tools->tools[1].unkept,
              ElementsAre("icons", "execution", "parameters", "annotations/z", "_meta/p/q"));
  EXPECT_THAT(tools->tools[2].unkept, IsEmpty());
}

TEST_F(ToolJsonTest, AnInputSchemaIsAnObjectThatSaysSo) {
  for (const auto& [parameters, written] : std::vector<std::pair<std::string, std::string>>{
           {"true", R"({"type":"object"})"},
           {"{}", R"({"type":"object"})"},
           {R"({"maxProperties":1E1})", R"({"maxProperties":1E1,"type":"object"})"}}) {
    rapidjson::StringBuffer buffer;
    JsonWriter writer(buffer);
    WriteMcpTool({.name = "a", .description = "b", .parameters = parameters, .handler = Nothing},
                 writer);
    EXPECT_THAT(buffer.GetString(), HasSubstr(absl::StrCat("\"inputSchema\":", written, ",")));
  }
}

TEST_F(ToolJsonTest, SaysWhatIsNoTool) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"[", "not JSON: at byte 1 (line 1)"},
           {"3", "a tool is not an object"},
           {"{}", "a tool has no name"},
           {R"({"tools":{}})", "\"tools\" is not an array"},
           {R"({"tools":null})", "\"tools\" is not an array"}}) {
    const auto tools = ReadTools(text);
    EXPECT_THAT(tools.status().message(), HasSubstr(message)) << text;
  }
}

TEST_F(ToolJsonTest, OneDefinitionThatIsNoToolDoesNotLoseTheOthers) {
  const auto tools = ReadTools(
      R"([{"name":"a"},7,{"description":"nameless"},{"name":7},{"name":""},null,{"name":"b"}])");
  ASSERT_THAT(tools, IsOk());
  ASSERT_EQ(tools->tools.size(), 2u);
  EXPECT_EQ(tools->tools[1].tool.name, "b");
  std::string refused;
  for (const auto& [name, reason] : tools->refused)
    absl::StrAppend(&refused, name, ": ", reason, "\n");
  EXPECT_EQ(refused,
            "tool 2: a tool is not an object\ntool 3: a tool has no name\ntool 4: a tool has no "
            "name\ntool 5: a tool has no name\ntool 6: a tool is not an object\n");
}

TEST_F(ToolJsonTest, ReadsTheCommandOfAProgram) {
  const auto tools = ReadTools(
      R"({"tools":[{"name":"a","command":["x","-y"]},{"name":"b","command":["x",1]},{"name":"c"}]})");
  ASSERT_THAT(tools, IsOk());
  EXPECT_EQ(tools->tools[0].command, (std::vector<std::string>{"x", "-y"}));
  EXPECT_TRUE(tools->tools[1].command.empty());
  EXPECT_TRUE(tools->tools[2].command.empty());
}

TEST_F(ToolJsonTest, ACommandWithANulIsRefused) {
  const auto tools = ReadTools(
      R"({"tools":[{"name":"a","command":["x","y\u0000z"]},{"name":"b","command":["x"]}]})");
  ASSERT_THAT(tools, IsOk());
  ASSERT_EQ(tools->tools.size(), 1u);
  EXPECT_EQ(tools->tools[0].tool.name, "b");
  ASSERT_EQ(tools->refused.size(), 1u);
  EXPECT_EQ(tools->refused[0].name, "a");
  EXPECT_EQ(tools->refused[0].reason, "'command' has a NUL");
  EXPECT_THAT(ReadTools(R"({"name":"a","command":["x\u0000"]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, "'command' has a NUL"));
}

TEST_F(ToolJsonTest, AToolWithoutADescriptionIsDescribedByItsTitleOrName) {
  const auto tools = ReadTools(
      R"([{"name":"a"},{"name":"b","title":"The B"},{"name":"c","annotations":{"title":"C"}},)"
      R"({"name":"d","title":"D","description":"does"},{"name":"e","description":""}])");
  ASSERT_THAT(tools, IsOk());
  std::vector<std::string> descriptions;
  for (const auto& defined : tools->tools) descriptions.push_back(defined.tool.description);
  EXPECT_EQ(descriptions, (std::vector<std::string>{"a", "The B", "C", "does", "e"}));
}

// `tool import` of 100,000 nested arrays ended by SIGSEGV.
TEST_F(ToolJsonTest, DeepNestingIsRefused) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& text : {deep, R"([{"name":"a","parameters":{"x":)" + deep + "}}]",
                                  R"({"tools":[{"name":"a","annotations":)" + deep + "}]}"}) {
    const auto tools = ReadTools(text);
    EXPECT_THAT(tools.status().message(), HasSubstr("nested deeper than 512 levels"));
  }
}

}  // namespace
}  // namespace parlance::tools
