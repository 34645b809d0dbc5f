#include "command/file/output_folder.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace command {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::Not;

namespace fs = std::filesystem;

class OutputFolderTest : public testing::Test {
 protected:
  OutputFolderTest()
      : base_(absl::StrCat(testing::TempDir(), "/",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::error_code error;
    fs::remove_all(base_, error);
    fs::create_directories(base_, error);
  }
  std::string Path(const std::string& name) const { return absl::StrCat(base_, "/", name); }
  static void Write(const std::string& path) { std::ofstream(path) << "content"; }
  static bool Exists(const std::string& path) {
    std::error_code error;
    return fs::exists(path, error);
  }

  const std::string base_;
};

TEST_F(OutputFolderTest, MakesAndLaterClearsItsOwn) {
  ASSERT_EQ(PrepareOwnFolder(Path("a/b"), "perf"), absl::OkStatus());
  Write(Path("a/b/file"));
  std::error_code error;
  fs::create_directories(Path("a/b/deep/er"), error);
  Write(Path("a/b/deep/er/file"));
  ASSERT_EQ(PrepareOwnFolder(Path("a/b"), "perf"), absl::OkStatus());
  EXPECT_FALSE(Exists(Path("a/b/file")));
  EXPECT_FALSE(Exists(Path("a/b/deep")));
  EXPECT_TRUE(Exists(Path("a/b/.made-by-perf")));
}

TEST_F(OutputFolderTest, LeavesTheUsersOwnFolderAlone) {
  std::error_code error;
  fs::create_directory(Path("records"), error);
  Write(Path("records/precious"));
  const absl::Status status = PrepareOwnFolder(Path("records"), "perf");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(Exists(Path("records/precious")));
  EXPECT_FALSE(Exists(Path("records/.made-by-perf")));
  // Another program's is not ours either.
  Write(Path("records/.made-by-other"));
  EXPECT_THAT(PrepareOwnFolder(Path("records"), "perf"), Not(IsOk()));
}

TEST_F(OutputFolderTest, TakesAnEmptyFolder) {
  std::error_code error;
  fs::create_directory(Path("empty"), error);
  EXPECT_EQ(PrepareOwnFolder(Path("empty"), "perf"), absl::OkStatus());
  EXPECT_TRUE(Exists(Path("empty/.made-by-perf")));
}

TEST_F(OutputFolderTest, ACheckMakesNothing) {
  EXPECT_EQ(CheckOwnFolder(Path("a/b"), "perf"), absl::OkStatus());
  EXPECT_FALSE(Exists(Path("a")));
  std::error_code error;
  fs::create_directory(Path("empty"), error);
  EXPECT_EQ(CheckOwnFolder(Path("empty"), "perf"), absl::OkStatus());
  EXPECT_FALSE(Exists(Path("empty/.made-by-perf")));
}

TEST_F(OutputFolderTest, FollowsNoLinks) {
  std::error_code error;
  fs::create_directory(Path("users"), error);
  Write(Path("users/precious"));
  ASSERT_EQ(PrepareOwnFolder(Path("own"), "perf"), absl::OkStatus());
  fs::create_directory_symlink(Path("users"), Path("own/link"), error);
  ASSERT_EQ(PrepareOwnFolder(Path("own"), "perf"), absl::OkStatus());
  EXPECT_FALSE(Exists(Path("own/link")));
  EXPECT_TRUE(Exists(Path("users/precious")));
  // Not even if what it leads to is ours.
  fs::create_directory_symlink(Path("own"), Path("link"), error);
  Write(Path("own/kept"));
  EXPECT_THAT(PrepareOwnFolder(Path("link"), "perf"), Not(IsOk()));
  EXPECT_TRUE(Exists(Path("own/kept")));
  // A marker that is a link is no marker.
  fs::create_directory(Path("marked"), error);
  Write(Path("marked/precious"));
  fs::create_symlink(Path("own/.made-by-perf"), Path("marked/.made-by-perf"), error);
  EXPECT_THAT(PrepareOwnFolder(Path("marked"), "perf"), Not(IsOk()));
  EXPECT_TRUE(Exists(Path("marked/precious")));
}

TEST_F(OutputFolderTest, SaysWhatIsInTheWay) {
  Write(Path("file"));
  EXPECT_THAT(PrepareOwnFolder(Path("file"), "perf"), Not(IsOk()));
  EXPECT_THAT(PrepareOwnFolder(Path("file/below"), "perf"), Not(IsOk()));
  EXPECT_THAT(PrepareOwnFolder(Path(std::string(300, 'n')), "perf"), Not(IsOk()));
  EXPECT_TRUE(Exists(Path("file")));
}

}  // namespace
}  // namespace command
