// The page's modules, by node's test runner. What testing/modules_test.mjs checks is printed.
#include <iostream>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tools/mcp/testing/run_command.h"

namespace parlance::pipeline::door {
namespace {

TEST(PageModulesTest, DoAsTheySay) {
  const auto node = tools::mcp::RunCommand({"which", "node"}, absl::Minutes(1));
  ASSERT_TRUE(node.ok()) << node.status();
  if (node->state != "exited with status 0") {
    GTEST_SKIP() << "SKIPPED: there is no node; the Debian package nodejs has it";
  }
  const auto said = tools::mcp::RunCommand(
      {"node", "--test", "--test-reporter=spec", "pipeline/door/page/testing/modules_test.mjs"},
      absl::Minutes(12));
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->state, "exited with status 0") << said->output;
  std::cout << said->output;
}

}  // namespace
}  // namespace parlance::pipeline::door
