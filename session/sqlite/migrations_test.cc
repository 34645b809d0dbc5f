#include "session/sqlite/migrations.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

class MigrationsTest : public testing::Test {
 protected:
  MigrationsTest()
      : path_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                           testing::UnitTest::GetInstance()->current_test_info()->name(), ".db")),
        database_(*Database::Open(path_, {})) {}

  int64_t Version() { return *database_.QueryInteger("PRAGMA user_version"); }

  const std::string path_;
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
    ASSERT_THAT(Migrate(database_, absl::MakeConstSpan(Steps().data(), version)), IsOk());
    EXPECT_EQ(Version(), static_cast<int64_t>(version));
    EXPECT_EQ(*database_.QueryInteger("SELECT count(*) FROM birds"), 1);
  }
  EXPECT_EQ(*database_.QueryInteger("SELECT grams FROM birds WHERE name = 'wren'"), 9);
  EXPECT_THAT(Migrate(database_, Steps()), IsOk());
}

TEST_F(MigrationsTest, AFailedStepChangesNothing) {
  ASSERT_THAT(Migrate(database_, absl::MakeConstSpan(Steps().data(), 1)), IsOk());
  std::vector<std::string> steps = Steps();
  steps.emplace_back("CREATE TABLE broken (");
  const absl::Status migrated = Migrate(database_, steps);
  ASSERT_THAT(migrated, Not(IsOk()));
  EXPECT_THAT(migrated.message(), HasSubstr("schema version 4"));
  EXPECT_EQ(Version(), 1);
  EXPECT_THAT(database_.QueryInteger("SELECT grams FROM birds"), Not(IsOk()));
  EXPECT_THAT(Migrate(database_, Steps()), IsOk());
}

TEST_F(MigrationsTest, RefusesANewerDatabase) {
  ASSERT_THAT(Migrate(database_, Steps()), IsOk());
  EXPECT_THAT(Migrate(database_, absl::MakeConstSpan(Steps().data(), 2)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Version(), 3);
}

TEST_F(MigrationsTest, RefusesAnotherApplications) {
  ASSERT_THAT(database_.Execute("PRAGMA application_id = 7"), IsOk());
  EXPECT_THAT(Migrate(database_, Steps()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(*database_.QueryInteger("SELECT count(*) FROM sqlite_schema"), 0);
}

TEST_F(MigrationsTest, TheSchemaIsSound) {
  ASSERT_THAT(Migrate(database_, SchemaMigrations()), IsOk());
  EXPECT_EQ(Version(), static_cast<int64_t>(SchemaMigrations().size()));
  EXPECT_EQ(*database_.QueryText("PRAGMA integrity_check"), "ok");
}

// A store as version 1 of the schema left it, with what its programs wrote.
TEST_F(MigrationsTest, AStoreOfVersion1KeepsEverything) {
  ASSERT_THAT(Migrate(database_, SchemaMigrations().first(1)), IsOk());
  ASSERT_THAT(database_.Execute(R"sql(
PRAGMA journal_mode = WAL;
INSERT INTO sessions (public_id, title, created_us, updated_us, activity, num_messages,
  next_sequence) VALUES ('a', 'first', 1000000, 2000000, 2, 3, 4), ('b', 'second', 3, 4, 1, 0, 1);
INSERT INTO messages (session, sequence, role, content, tool_calls, created_us) VALUES
  (1, 1, 'user', 'remember the oat milk', NULL, 1000000),
  (1, 2, 'assistant', '', '[{"id":"c"}]', 1500000);
INSERT INTO messages (session, sequence, role, content, name, tool_call_id, created_us) VALUES
  (1, 3, 'tool', 'noted: milk', 'notes', 'c', 2000000);
)sql"),
              IsOk());
  auto opened = SqliteStore::Open(path_);
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  const auto session = store.GetSession("a");
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->title, "first");
  EXPECT_EQ(session->num_messages, 3);
  EXPECT_EQ(session->updated, absl::FromUnixSeconds(2));
  EXPECT_FALSE(session->closed.has_value());
  EXPECT_EQ(store.GetSession("b")->num_messages, 0);
  EXPECT_EQ((*store.ListSessions(1))[0].id, "a");
  const auto history = store.History("a", {});
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[1].tool_calls, R"([{"id":"c"}])");
  EXPECT_EQ((*history)[2].tool_call_id, "c");
  EXPECT_EQ((*history)[2].created, absl::FromUnixSeconds(2));
  EXPECT_EQ(store.Search("milk", "", 10)->size(), 2u);
  EXPECT_EQ(*store.Append("a", Message{.content = "more milk"}), 4);
  EXPECT_EQ(store.Search("milk", "", 10)->size(), 3u);
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
  ASSERT_THAT(store.DeleteSession("a"), IsOk());
  EXPECT_TRUE(store.Search("milk", "", 10)->empty());
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
}

// The store is of version 2, and its search index does not know the last message yet.
TEST_F(MigrationsTest, AStoreOfVersion2KeepsEverything) {
  ASSERT_THAT(Migrate(database_, SchemaMigrations().first(2)), IsOk());
  ASSERT_THAT(database_.Execute(R"sql(
PRAGMA journal_mode = WAL;
INSERT INTO sessions (public_id, title, created_us, updated_us, activity, next_sequence, metadata,
  closed_us) VALUES ('a', 'first', 1, 2, 2, 3, '{"k":1}', NULL), ('b', 'second', 3, 4, 1, 2, NULL, 9);
INSERT INTO messages (session, sequence, role, content, created_us, client_key, metadata,
  input_tokens, output_tokens, latency_us) VALUES
  (1, 1, 'user', 'remember the oat milk', 1, 'key 1', '{"k":2}', 3, 4, 5),
  (2, 1, 'user', 'no milk', 3, NULL, NULL, NULL, NULL, NULL);
INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages;
UPDATE search_index SET indexed_through = 2;
INSERT INTO messages (session, sequence, role, content, created_us, client_key) VALUES
  (1, 2, 'assistant', 'milk noted', 2, 'key 2');
)sql"),
              IsOk());
  auto opened = SqliteStore::Open(path_);
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.GetSession("a")->metadata, R"({"k":1})");
  EXPECT_TRUE(store.GetSession("b")->closed.has_value());
  const auto history = store.History("a", {});
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ((*history)[0].content, "remember the oat milk");
  EXPECT_EQ((*history)[0].metadata, R"({"k":2})");
  EXPECT_EQ((*history)[0].input_tokens, 3);
  EXPECT_EQ((*history)[0].output_tokens, 4);
  EXPECT_EQ((*history)[0].latency, absl::Microseconds(5));
  EXPECT_EQ((*history)[1].client_key, "key 2");
  EXPECT_EQ(store.History("b", {})->size(), 1u);
  EXPECT_EQ(store.Search("milk", "", 10)->size(), 3u);
  EXPECT_EQ(*store.Append("a", Message{.content = "again", .client_key = "key 1"}), 1);
  EXPECT_EQ(*store.Append("a", Message{.content = "more milk"}), 3);
  EXPECT_EQ(store.Search("milk", "a", 10)->size(), 3u);
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
  ASSERT_THAT(store.DeleteSession("a"), IsOk());
  EXPECT_EQ(store.Search("milk", "", 10)->size(), 1u);
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
}

// The search index of version 3 did not know parts of Chinese text, and its order of changes was a
// count.
TEST_F(MigrationsTest, AStoreOfVersion3KeepsItsOrderAndFindsWhatItDidNot) {
  ASSERT_THAT(Migrate(database_, SchemaMigrations().first(3)), IsOk());
  ASSERT_THAT(database_.Execute(R"sql(
PRAGMA journal_mode = WAL;
INSERT INTO sessions (public_id, title, created_us, updated_us, activity, next_sequence) VALUES
  ('a', 'first', 1, 5000000, 7, 3), ('b', 'the clock went back', 3, 4000000, 9, 1),
  ('c', 'before both', 3, 6000000, 2, 1), ('d', 'last', 3, 9000000, 11, 1);
INSERT INTO messages (id, role, content, created_us) VALUES
  (1 << 24 | 1, 'user', '今天讨论了部署方案', 1);
INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages;
INSERT INTO new_messages (session, sequence, role, content, created_us) VALUES
  (1, 2, 'user', '部署 done', 1);
)sql"),
              IsOk());
  auto opened = SqliteStore::Open(path_);
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.GetStats()->schema_version, 4);
  std::string order;
  const auto sessions = store.ListSessions(10);
  for (const Session& session : *sessions) {
    absl::StrAppend(&order, session.id, "=", session.activity, " ");
  }
  EXPECT_EQ(order, "d=9000000 b=6000002 a=6000001 c=6000000 ");
  EXPECT_EQ(store.Search("部署", "", 10)->size(), 2u);
  EXPECT_EQ(store.Search("done", "", 10)->size(), 1u);
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
  EXPECT_EQ(*store.PruneSessions({.most_sessions = 2}), 2);
  EXPECT_EQ((*store.ListSessions(10))[1].id, "b");
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
}

}  // namespace
}  // namespace parlance::session
