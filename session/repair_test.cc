#include "session/repair.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "session/database.h"
#include "session/message.h"
#include "session/migrations.h"
#include "session/sqlite_store.h"
#include "session/testing/conversation.h"

namespace parlance::session {
namespace {

constexpr int kSessions = 5;
constexpr int kMessages = 400;

class RepairTest : public testing::Test {
 protected:
  RepairTest()
      : directory_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                                testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(directory_);
    path_ = absl::StrCat(directory_, "/store.db");
    fresh_ = absl::StrCat(directory_, "/fresh.db");
    auto store = *SqliteStore::Open(path_);
    for (int i = 0; i < kSessions; ++i) ids_.push_back(store->CreateSession("talk")->id);
    // Interleaved, as they are in life.
    const std::vector<Message> messages = Conversation(kMessages);
    for (size_t i = 0; i < messages.size(); ++i) {
      for (const std::string& id : ids_) EXPECT_TRUE(store->Append(id, messages[i]).ok());
      // From here on they are new, and in another table.
      if (i == messages.size() * 3 / 4) {
        EXPECT_TRUE(store->Search("anything", "", 1).ok());
      }
    }
  }

  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory_;
  std::string path_;
  std::string fresh_;
  std::vector<std::string> ids_;
};

TEST_F(RepairTest, OfASoundStoreNothingIsLost) {
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_EQ(salvaged->num_sessions, kSessions);
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages);
  EXPECT_EQ(salvaged->num_orphans, 0);
  EXPECT_EQ(salvaged->num_gaps, 0);
  auto fresh = *SqliteStore::Open(fresh_);
  EXPECT_TRUE(fresh->CheckIntegrity().ok());
  auto store = *SqliteStore::Open(path_);
  for (const std::string& id : ids_) {
    const auto before = store->History(id, {.after = 0, .before = {}, .limit = 1000});
    const auto after = fresh->History(id, {.after = 0, .before = {}, .limit = 1000});
    ASSERT_EQ(after->size(), before->size());
    EXPECT_EQ(after->back().content, before->back().content);
    EXPECT_EQ(after->back().created, before->back().created);
    EXPECT_EQ(*fresh->Append(id, {}), kMessages + 1);
  }
  EXPECT_FALSE(fresh->Search("meeting tomorrow", "", 10)->empty());
  EXPECT_EQ(SalvageStore(path_, fresh_).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(RepairTest, SavesWhatCanBeReadOfADamagedOne) {
  const std::string whole = Bytes();
  constexpr uint64_t kSeed = 5;
  std::mt19937_64 random(kSeed);
  int64_t saved = 0;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    // Three pages somewhere after the first are noise.
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) {
      const size_t page = 4096 * (1 + random() % (whole.size() / 4096 - 1));
      for (size_t j = 0; j < 4096; ++j) damaged[page + j] = static_cast<char>(random());
    }
    std::ofstream(path_, std::ios::binary) << damaged;
    std::filesystem::remove(fresh_);
    const auto salvaged = SalvageStore(path_, fresh_);
    if (!salvaged.ok()) continue;
    saved += salvaged->num_messages;
    auto fresh = SqliteStore::Open(fresh_);
    ASSERT_TRUE(fresh.ok()) << "seed " << kSeed << ", round " << round << ": " << fresh.status();
    EXPECT_TRUE((*fresh)->CheckIntegrity().ok()) << "seed " << kSeed << ", round " << round;
    EXPECT_EQ((*fresh)->GetStats()->num_sessions, salvaged->num_sessions);
    EXPECT_EQ(Bytes(), damaged) << "the damaged file is left as it is";
  }
  // A page holds some twenty of two thousand messages; an inner page, that many pages.
  EXPECT_GT(saved, kRounds * kSessions * kMessages * 7 / 10);
}

TEST_F(RepairTest, MessagesWhoseSessionIsLostGetANewOne) {
  ASSERT_TRUE(Database::Open(path_, {})
                  ->Execute(absl::StrCat(
                      "DROP TRIGGER session_deleted; DELETE FROM sessions WHERE public_id = '",
                      ids_[2], "'"))
                  .ok());
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_EQ(salvaged->num_orphans, 1);
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages);
  auto fresh = *SqliteStore::Open(fresh_);
  EXPECT_EQ(fresh->GetSession("sess_recovered_3")->num_messages, kMessages);
}

TEST_F(RepairTest, ReadsOlderVersions) {
  const std::string old = absl::StrCat(directory_, "/old.db");
  {
    auto database = *Database::Open(old, {});
    ASSERT_TRUE(Migrate(database, SchemaMigrations().first(1)).ok());
    ASSERT_TRUE(database
                    .Execute(R"sql(
INSERT INTO sessions (public_id, title, created_us, updated_us, activity) VALUES ('a', 'old', 1, 1, 1);
INSERT INTO messages (session, sequence, role, content, created_us) VALUES
  (1, 1, 'user', 'one', 1), (9, 1, 'user', 'lost', 1), (1, 2, 'user', 'two', 1);
)sql")
                    .ok());
  }
  const auto salvaged = SalvageStore(old, fresh_);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_EQ(salvaged->num_messages, 3);
  EXPECT_EQ(salvaged->num_orphans, 1);
  auto fresh = *SqliteStore::Open(fresh_);
  const auto history = fresh->History("a", {});
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ((*history)[1].content, "two");
  EXPECT_EQ(fresh->Search("lost", "sess_recovered_9", 10)->size(), 1u);
  EXPECT_TRUE(fresh->CheckIntegrity().ok());
}

TEST_F(RepairTest, RefusesWhatIsNoStore) {
  const auto code = [&](const std::string& path) {
    return SalvageStore(path, fresh_).status().code();
  };
  EXPECT_EQ(code(absl::StrCat(directory_, "/missing.db")), absl::StatusCode::kNotFound);
  const std::string text = absl::StrCat(directory_, "/text");
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_EQ(code(text), absl::StatusCode::kDataLoss);
  const std::string other = absl::StrCat(directory_, "/other.db");
  ASSERT_TRUE(Database::Open(other, {})->Execute("CREATE TABLE birds (name TEXT)").ok());
  EXPECT_EQ(code(other), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(fresh_));
}

}  // namespace
}  // namespace parlance::session
