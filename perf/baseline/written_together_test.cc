#include "perf/baseline/written_together.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/text_proto.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Folder(const std::string& name) {
  std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::filesystem::remove_all(path);
  return path;
}

TEST(WrittenTogetherTest, MakesFoldersAndReplacesFiles) {
  const std::string folder = Folder("all");
  ASSERT_THAT(WriteTogether({{folder + "/m/a.textproto", "a"}, {folder + "/m/b.txt", "b"}}),
              IsOk());
  ASSERT_THAT(WriteTogether({{folder + "/m/a.textproto", "a2"}, {folder + "/n/c.txt", "c"}}),
              IsOk());
  EXPECT_EQ(*ReadFile(folder + "/m/a.textproto"), "a2");
  EXPECT_EQ(*ReadFile(folder + "/m/b.txt"), "b");
  EXPECT_EQ(*ReadFile(folder + "/n/c.txt"), "c");
}

TEST(WrittenTogetherTest, OneThatCannotBeWrittenLeavesAllAsTheyWere) {
  const std::string folder = Folder("none");
  ASSERT_THAT(WriteTogether({{folder + "/a.textproto", "old"}}), IsOk());
  // A folder is in the place of the last file.
  std::filesystem::create_directories(folder + "/z.txt");
  const absl::Status written = WriteTogether(
      {{folder + "/a.textproto", "new"}, {folder + "/b.textproto", "b"}, {folder + "/z.txt", "z"}});
  ASSERT_THAT(written, Not(IsOk()));
  EXPECT_THAT(std::string(written.message()), HasSubstr(folder + "/z.txt"));
  EXPECT_EQ(*ReadFile(folder + "/a.textproto"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder + "/b.textproto"));
}

}  // namespace
}  // namespace perf
