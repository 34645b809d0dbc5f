#include "session/migrations.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace parlance::session {
namespace {

class MigrationsTest : public testing::Test {
 protected:
  MigrationsTest()
      : database_(*Database::Open(
            absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                         testing::UnitTest::GetInstance()->current_test_info()->name(), ".db"),
            0)) {}

  int64_t Version() { return *database_.QueryInteger("PRAGMA user_version"); }

  Database database_;
};

const std::vector<std::string>& Steps() {
  static const auto& steps = *new std::vector<std::string>{
      "CREATE TABLE birds (name TEXT); INSERT INTO birds VALUES ('wren')",
      "ALTER TABLE birds ADD COLUMN grams INTEGER DEFAULT 9",
      "CREATE INDEX birds_by_name ON birds (name)",
  };
  return steps;
}

TEST_F(MigrationsTest, EveryOlderVersionKeepsItsData) {
  for (size_t version = 1; version <= Steps().size(); ++version) {
    ASSERT_TRUE(Migrate(database_, absl::MakeConstSpan(Steps().data(), version)).ok());
    EXPECT_EQ(Version(), static_cast<int64_t>(version));
    EXPECT_EQ(*database_.QueryInteger("SELECT count(*) FROM birds"), 1);
  }
  EXPECT_EQ(*database_.QueryInteger("SELECT grams FROM birds WHERE name = 'wren'"), 9);
  EXPECT_TRUE(Migrate(database_, Steps()).ok());
}

TEST_F(MigrationsTest, AFailedStepChangesNothing) {
  ASSERT_TRUE(Migrate(database_, absl::MakeConstSpan(Steps().data(), 1)).ok());
  std::vector<std::string> steps = Steps();
  steps.emplace_back("CREATE TABLE broken (");
  const absl::Status migrated = Migrate(database_, steps);
  ASSERT_FALSE(migrated.ok());
  EXPECT_TRUE(absl::StrContains(migrated.message(), "schema version 4")) << migrated;
  EXPECT_EQ(Version(), 1);
  EXPECT_FALSE(database_.QueryInteger("SELECT grams FROM birds").ok());
  EXPECT_TRUE(Migrate(database_, Steps()).ok());
}

TEST_F(MigrationsTest, RefusesANewerDatabase) {
  ASSERT_TRUE(Migrate(database_, Steps()).ok());
  EXPECT_EQ(Migrate(database_, absl::MakeConstSpan(Steps().data(), 2)).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Version(), 3);
}

TEST_F(MigrationsTest, RefusesAnotherApplications) {
  ASSERT_TRUE(database_.Execute("PRAGMA application_id = 7").ok());
  EXPECT_EQ(Migrate(database_, Steps()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*database_.QueryInteger("SELECT count(*) FROM sqlite_schema"), 0);
}

TEST_F(MigrationsTest, TheSchemaIsSound) {
  ASSERT_TRUE(Migrate(database_, SchemaMigrations()).ok());
  EXPECT_EQ(Version(), static_cast<int64_t>(SchemaMigrations().size()));
  EXPECT_EQ(*database_.QueryText("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace parlance::session
