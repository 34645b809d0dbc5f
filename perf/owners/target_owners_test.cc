#include "perf/owners/target_owners.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A repository of its own, without git.
class TargetOwnersTest : public testing::Test {
 protected:
  TargetOwnersTest()
      : root_(absl::StrCat(testing::TempDir(), "/",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
    std::filesystem::create_directories(root_ + "/.git", error);
  }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + "/" + path;
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    std::ofstream(file, std::ios::binary) << text;
  }

  const std::string root_;
};

TEST_F(TargetOwnersTest, ATestIsOfTheOwnersOfItsPackage) {
  Write("CODEOWNERS", "* @parlance/all\n/audio/ @parlance/audio\n/audio/vad/ @parlance/vad @one\n");
  const TargetOwners owners = TargetOwners::Read(root_);
  EXPECT_EQ(owners.file(), "CODEOWNERS");
  EXPECT_THAT(owners.notes(), IsEmpty());
  EXPECT_THAT(owners.OwnersOf("//audio:test"), ElementsAre("@parlance/audio"));
  EXPECT_THAT(owners.OwnersOf("//audio/vad:test"), ElementsAre("@parlance/vad", "@one"));
  EXPECT_THAT(owners.OwnersOf("//audio/vader:test"), ElementsAre("@parlance/audio"));
  EXPECT_THAT(owners.OwnersOf("//:test"), ElementsAre("@parlance/all"));
  for (const char* label : {"@other//audio:test", "", "audio.vad", "/"}) {
    EXPECT_THAT(owners.OwnersOf(label), IsEmpty()) << label;
  }
  EXPECT_THAT(owners.Everybody(),
              ElementsAre("@one", "@parlance/all", "@parlance/audio", "@parlance/vad"));
}

TEST_F(TargetOwnersTest, RulesForKindsOfFilesSayNothingAboutATest) {
  Write("CODEOWNERS", "/audio/ @audio\n*.bazel @builds\n**/BUILD @builds\n*.cc @language\n");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//audio:vad_perf_test"), ElementsAre("@audio"));
  Write("CODEOWNERS", "/audio/ @audio\n/audio/vad_* @vad\n");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//audio:vad_perf_test"), ElementsAre("@vad"));
}

TEST_F(TargetOwnersTest, TheFirstFileCounts) {
  EXPECT_EQ(TargetOwners::Read(root_).file(), "");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//a:b"), IsEmpty());
  Write("docs/CODEOWNERS", "* @docs\n");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//a:b"), ElementsAre("@docs"));
  Write("CODEOWNERS", "* @root\n");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//a:b"), ElementsAre("@root"));
  Write(".github/CODEOWNERS", "");
  EXPECT_EQ(TargetOwners::Read(root_).file(), ".github/CODEOWNERS");
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//a:b"), IsEmpty());
}

TEST_F(TargetOwnersTest, AWorkspaceBelowTheRepositorysRootHasItsPlaceInIt) {
  Write("CODEOWNERS", "/inner/audio/ @audio\n/audio/ @other\n");
  Write("inner/WORKSPACE", "");
  EXPECT_THAT(TargetOwners::Read(root_ + "/inner").OwnersOf("//audio:test"), ElementsAre("@audio"));
  EXPECT_THAT(TargetOwners::Read(root_ + "/inner/").OwnersOf("//audio:test"),
              ElementsAre("@audio"));
  // GitHub reads none below the root.
  Write("inner/CODEOWNERS", "* @inner\n");
  EXPECT_THAT(TargetOwners::Read(root_ + "/inner").OwnersOf("//audio:test"), ElementsAre("@audio"));
}

TEST_F(TargetOwnersTest, WhatCannotBeReadIsSaid) {
  Write("CODEOWNERS", "!a @x\n* @y\n");
  EXPECT_THAT(TargetOwners::Read(root_).notes(),
              ElementsAre("CODEOWNERS has lines that are skipped: line 1: ! negates nothing here"));
  EXPECT_THAT(TargetOwners::Read(root_).OwnersOf("//a:b"), ElementsAre("@y"));
  Write("CODEOWNERS", std::string(kMaxCodeOwnersBytes + 1, '#'));
  EXPECT_THAT(TargetOwners::Read(root_).notes(), ElementsAre(HasSubstr("nothing is read")));
  std::error_code error;
  std::filesystem::create_directories(root_ + "/.github/CODEOWNERS", error);
  EXPECT_THAT(TargetOwners::Read(root_).notes(),
              ElementsAre(".github/CODEOWNERS is not a file, so nobody owns anything"));
}

}  // namespace
}  // namespace perf
