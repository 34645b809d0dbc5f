// The page's modules, by node's test runner. What testing/modules_test.mjs checks is printed.
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/testing/run_command.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;

TEST(PageModulesTest, DoAsTheySay) {
  const absl::StatusOr<std::string> said =
      tools::mcp::RunToEnd({.words = {"node", "--test", "--test-reporter=spec",
                                      "pipeline/door/page/testing/modules_test.mjs"}},
                           absl::Minutes(12));
  if (absl::IsNotFound(said.status())) {
    GTEST_SKIP() << "SKIPPED: there is no node; the Debian package nodejs has it";
  }
  ASSERT_THAT(said, IsOk());
  std::cout << *said;
}

}  // namespace
}  // namespace parlance::pipeline::door
