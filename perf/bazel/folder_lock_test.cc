#include "perf/bazel/folder_lock.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

std::string Path(const std::string& name) { return absl::StrCat(testing::TempDir(), "/", name); }

void Unexpected(const std::string& holder) { ADD_FAILURE() << "waits for " << holder; }

TEST(FolderLockTest, TheSecondWaitsAndSaysForWhom) {
  const std::string path = Path("contended");
  auto first = FolderLock::Acquire(path, "process 1, which is the first", Unexpected);
  ASSERT_THAT(first, IsOk());
  std::optional<FolderLock> held(*std::move(first));
  std::vector<std::string> waited_for;
  const auto second = FolderLock::Acquire(path, "process 2", [&](const std::string& holder) {
    waited_for.push_back(holder);
    held.reset();
  });
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(waited_for, std::vector<std::string>{"process 1, which is the first"});
}

TEST(FolderLockTest, ALockFileThatIsLeftOverIsNoLock) {
  const std::string path = Path("left_over");
  ASSERT_THAT(FolderLock::Acquire(path, "a process with a long description", Unexpected), IsOk());
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto again = FolderLock::Acquire(path, "short", Unexpected);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(std::filesystem::file_size(path), 5u);
}

TEST(FolderLockTest, ALockFileThatSomebodyRemovedIsMadeAgain) {
  const std::string path = Path("removed");
  auto first = FolderLock::Acquire(path, "first", Unexpected);
  ASSERT_THAT(first, IsOk());
  std::optional<FolderLock> held(*std::move(first));
  // The first is released while the second waits for it, and the file is another by then.
  auto second = FolderLock::Acquire(path, "second", [&](const std::string&) {
    std::filesystem::remove(path);
    held.reset();
  });
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(std::filesystem::exists(path));
  int waits = 0;
  std::optional<FolderLock> held_by_second(*std::move(second));
  ASSERT_THAT(FolderLock::Acquire(path, "third",
                                  [&](const std::string&) {
                                    ++waits;
                                    held_by_second.reset();
                                  }),
              IsOk());
  EXPECT_EQ(waits, 1);
}

TEST(FolderLockTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_THAT(FolderLock::Acquire(Path("none/lock"), "somebody", Unexpected),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace perf
