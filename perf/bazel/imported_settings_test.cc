#include "perf/bazel/imported_settings.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/bazel/testing/git_playground.h"

namespace perf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ImportedSettingsTest, FollowsImports) {
  const GitPlayground play("imports");
  play.Write("here/.bazelrc",
             "build --copt=-O2\n"
             "try-import %workspace%/user.bazelrc\n"
             "  import   %workspace%/tools/ci.bazelrc  # what machines of CI need\n"
             "try-import \"%workspace%/with space.bazelrc\"\n"
             "# import %workspace%/commented.bazelrc\n"
             "try-import %workspace%/missing.bazelrc\n"
             "try-import %workspace%/../outside.bazelrc\n"
             "try-import /etc/hosts\n"
             "importing %workspace%/commented.bazelrc\n");
  play.Write("here/tools/ci.bazelrc",
             "import %workspace%/tools/../more.bazelrc\r\nimport %workspace%/tools/ci.bazelrc\n");
  for (const char* name : {"here/user.bazelrc", "here/with space.bazelrc", "here/commented.bazelrc",
                           "here/more.bazelrc", "outside.bazelrc"}) {
    play.Write(name, "");
  }
  EXPECT_THAT(
      ImportedSettings(play.root() + "/here"),
      ElementsAre("user.bazelrc", "tools/ci.bazelrc", "with space.bazelrc", "more.bazelrc"));
  EXPECT_THAT(ImportedSettings(play.root() + "/nowhere"), IsEmpty());
}

}  // namespace
}  // namespace perf
