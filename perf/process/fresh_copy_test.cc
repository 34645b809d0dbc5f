#include "perf/process/fresh_copy.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace fs = std::filesystem;

class FreshCopyTest : public ::testing::Test {
 protected:
  FreshCopyTest()
      : folder_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/copies")),
        program_(folder_ + "/program") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(program_) << "#!/bin/sh\nexit 7\n";
  }

  const std::string folder_;
  const std::string program_;
};

TEST_F(FreshCopyTest, IsAnotherFileThatCanBeRunAndGoes) {
  std::string path;
  {
    absl::StatusOr<FreshCopy> made = FreshCopy::Create(program_, folder_);
    ASSERT_THAT(made, IsOk());
    const FreshCopy copy = *std::move(made);
    path = copy.path();
    EXPECT_THAT(path, StartsWith(program_ + "-"));
    EXPECT_FALSE(fs::equivalent(path, program_));
    EXPECT_EQ(WEXITSTATUS(std::system(path.c_str())), 7);
    const absl::StatusOr<FreshCopy> second = FreshCopy::Create(program_, folder_);
    ASSERT_THAT(second, IsOk());
    EXPECT_NE(second->path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(program_));
}

TEST_F(FreshCopyTest, SaysWhatCannotBeReadOrWritten) {
  EXPECT_THAT(FreshCopy::Create(folder_ + "/none", folder_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot read")));
  EXPECT_THAT(FreshCopy::Create(program_, folder_ + "/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot make")));
  EXPECT_THAT(FreshCopy::Create(folder_, folder_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot copy")));
}

}  // namespace
}  // namespace perf
