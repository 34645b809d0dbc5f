#include "pipeline/choice/agent_choice.h"

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

absl::StatusOr<std::string> ReadFile(absl::string_view path) {
  if (path == "key") return "sk-secret\n";
  if (path == "prompt") return " Be short.\n\n";
  if (path == "empty") return "\n";
  if (path == "long") return std::string(100'000, 'x');
  return absl::NotFoundError("there is no such file");
}
absl::StatusOr<std::string> ReadSecret(absl::string_view path) {
  if (path == "shared") return absl::PermissionDeniedError("others may read it");
  return ReadFile(path);
}
const char* NoEnvironment(const char*) { return nullptr; }
const char* KeyInEnvironment(const char* name) {
  return std::strcmp(name, "OPENAI_API_KEY") == 0 ? "sk-other " : nullptr;
}

AgentFlags Model() { return {.agent = "model", .model_url = "http://localhost:1", .model = "m"}; }

TEST(AgentChoiceTest, RulesNeedNothing) {
  const auto choice = ChooseAgent({}, KeyInEnvironment, ReadFile, ReadSecret);
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->kind, AgentKind::kRules);
}

TEST(AgentChoiceTest, AModelIsAskedAsTheFlagsSay) {
  AgentFlags flags = Model();
  auto choice = ChooseAgent(flags, NoEnvironment, ReadFile, ReadSecret);
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->kind, AgentKind::kModel);
  EXPECT_EQ(choice->model.url, "http://localhost:1");
  EXPECT_EQ(choice->model.model, "m");
  EXPECT_EQ(choice->model.api_key, "");
  EXPECT_EQ(choice->model.instructions, kVoiceInstructions);
  flags.agent = "both";
  flags.system_prompt = "prompt";
  flags.model_timeout = absl::Seconds(3);
  choice = ChooseAgent(flags, KeyInEnvironment, ReadFile, ReadSecret);
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->kind, AgentKind::kBoth);
  EXPECT_EQ(choice->model.instructions, "Be short.");
  EXPECT_EQ(choice->model.timeout, absl::Seconds(3));
  EXPECT_EQ(choice->model.api_key, "sk-other");
  flags.model_key_file = "key";
  choice = ChooseAgent(flags, KeyInEnvironment, ReadFile, ReadSecret);
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->model.api_key, "sk-secret");
}

TEST(AgentChoiceTest, WhatCannotBeMeantIsRefused) {
  const auto expect = [](const AgentFlags& flags, const char* message) {
    EXPECT_THAT(ChooseAgent(flags, NoEnvironment, ReadFile, ReadSecret).status().message(),
                AllOf(HasSubstr(message), Not(HasSubstr("sk-"))));
  };
  AgentFlags flags;
  flags.agent = "modell";
  expect(flags, "--agent is 'modell', which is not one of rules, model and both");
  flags = Model();
  flags.model_url = "";
  expect(flags, "--model_url is missing");
  flags = Model();
  flags.model = "";
  expect(flags, "--model is missing");
  flags = Model();
  flags.model_timeout = absl::Hours(1);
  expect(flags, "--model_timeout=1h is not more than 0 and at most 10m");
  for (const char* path : {"empty", "long", "missing"}) {
    flags = Model();
    flags.model_key_file = path;
    expect(flags, "--model_key_file: ");
    flags = Model();
    flags.system_prompt = path;
    expect(flags, "--system_prompt: ");
  }
  // Others may read instructions, and no key.
  flags = Model();
  flags.model_key_file = "shared";
  EXPECT_THAT(ChooseAgent(flags, NoEnvironment, ReadFile, ReadSecret),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("--model_key_file: ")));
  flags = {};
  flags.model = "m";
  expect(flags, "--model needs --agent model");
  flags = {};
  flags.system_prompt = "prompt";
  EXPECT_THAT(ChooseAgent(flags, NoEnvironment, ReadFile, ReadSecret),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--system_prompt needs")));
}

}  // namespace
}  // namespace parlance::pipeline
