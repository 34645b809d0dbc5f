#include "session/sqlite/repair.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/message.h"
#include "session/sqlite/database.h"
#include "session/sqlite/migrations.h"
#include "session/sqlite/sqlite_store.h"
#include "session/testing/conversation.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

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
    const auto is_appended = [](const absl::StatusOr<int64_t>& appended) {
      EXPECT_THAT(appended, IsOk());
    };
    for (size_t i = 0; i < messages.size(); ++i) {
      for (const std::string& id : ids_) {
        EXPECT_THAT(store->AppendAsync(id, {messages[i]}, is_appended), IsOk());
      }
      // From here on they are new, and in another table. What was handed in before it is over when
      // a session is created.
      if (i == messages.size() * 3 / 4) {
        const std::string waited = store->CreateSession("for a moment")->id;
        EXPECT_THAT(store->DeleteSession(waited), IsOk());
        EXPECT_THAT(store->Search("anything", "", 1), IsOk());
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
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_sessions, kSessions);
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages);
  EXPECT_EQ(salvaged->num_orphans, 0);
  EXPECT_TRUE(salvaged->lost_nothing());
  auto fresh = *SqliteStore::Open(fresh_);
  EXPECT_THAT(fresh->CheckIntegrity(), IsOk());
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
  EXPECT_THAT(SalvageStore(path_, fresh_), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(RepairTest, WhatWasAmendedIsSavedAsItIs) {
  {
    auto store = *SqliteStore::Open(path_);
    Message answer;
    answer.role = Role::kAssistant;
    answer.content = "unheard";
    // One that search knows, and one that is new.
    for (const int64_t sequence : {kMessages + 1, kMessages + 2}) {
      ASSERT_EQ(*store->Append(ids_[0], answer), sequence);
      if (sequence == kMessages + 1) {
        ASSERT_EQ(store->Search("unheard", "", 10)->size(), 1u);
      }
      ASSERT_THAT(store->Amend(ids_[0], {.sequence = sequence, .content = "overheard"}), IsOk());
    }
  }
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_TRUE(salvaged->lost_nothing());
  auto fresh = *SqliteStore::Open(fresh_);
  EXPECT_THAT(fresh->CheckIntegrity(), IsOk());
  EXPECT_EQ(fresh->Search("overheard", ids_[0], 10)->size(), 2u);
  EXPECT_TRUE(fresh->Search("unheard", "", 10)->empty());
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
    ASSERT_THAT(fresh, IsOk()) << "seed " << kSeed << ", round " << round;
    EXPECT_THAT((*fresh)->CheckIntegrity(), IsOk()) << "seed " << kSeed << ", round " << round;
    EXPECT_EQ((*fresh)->GetStats()->num_sessions, salvaged->num_sessions);
    EXPECT_EQ(Bytes(), damaged) << "the damaged file is left as it is";
  }
  // A page holds some twenty of two thousand messages; an inner page, that many pages.
  EXPECT_GT(saved, kRounds * kSessions * kMessages * 7 / 10);
}

TEST_F(RepairTest, MessagesWhoseSessionIsLostGetANewOne) {
  ASSERT_THAT(
      Database::Open(path_, {})->Execute(absl::StrCat(
          "DROP TRIGGER session_deleted; DELETE FROM sessions WHERE public_id = '", ids_[2], "'")),
      IsOk());
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_orphans, 1);
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages);
  auto fresh = *SqliteStore::Open(fresh_);
  EXPECT_EQ(fresh->GetSession("sess_recovered_3")->num_messages, kMessages);
}

TEST_F(RepairTest, ReadsOlderVersions) {
  const std::string old = absl::StrCat(directory_, "/old.db");
  {
    auto database = *Database::Open(old, {});
    ASSERT_THAT(Migrate(database, SchemaMigrations().first(1)), IsOk());
    ASSERT_THAT(database.Execute(R"sql(
INSERT INTO sessions (public_id, title, created_us, updated_us, activity) VALUES ('a', 'old', 1, 1, 1);
INSERT INTO messages (session, sequence, role, content, created_us) VALUES
  (1, 1, 'user', 'one', 1), (9, 1, 'user', 'lost', 1), (1, 2, 'user', 'two', 1);
)sql"),
                IsOk());
  }
  const auto salvaged = SalvageStore(old, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_messages, 3);
  EXPECT_EQ(salvaged->num_orphans, 1);
  auto fresh = *SqliteStore::Open(fresh_);
  const auto history = fresh->History("a", {});
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ((*history)[1].content, "two");
  EXPECT_EQ(fresh->Search("lost", "sess_recovered_9", 10)->size(), 1u);
  EXPECT_THAT(fresh->CheckIntegrity(), IsOk());
}

// Whichever page is lost, what is missing is said: what was saved and what is known to be lost are
// what there was, unless the sessions' own rows are lost.
TEST_F(RepairTest, WhicheverPageIsLostWhatIsMissingIsSaid) {
  const std::string whole = Bytes();
  constexpr size_t kPage = 4096;
  const size_t num_pages = whole.size() / kPage;
  ASSERT_GT(num_pages, 50u);
  const auto trial = [&](const std::string& what, size_t page, const std::string& damaged) {
    std::ofstream(path_, std::ios::binary) << damaged;
    std::filesystem::remove(fresh_);
    const auto salvaged = SalvageStore(path_, fresh_);
    ASSERT_THAT(salvaged, IsOk()) << what << " " << page;
    int64_t num_lost = 0;
    for (const Salvaged::Loss& loss : salvaged->losses) num_lost += loss.num_lost;
    if (salvaged->num_orphans == 0) {
      EXPECT_EQ(salvaged->num_messages + num_lost, kSessions * kMessages) << what << " " << page;
    }
    EXPECT_EQ(salvaged->num_sessions, kSessions) << what << " " << page;
    if (salvaged->num_messages < kSessions * kMessages || salvaged->num_orphans > 0) {
      EXPECT_FALSE(salvaged->lost_nothing()) << what << " " << page;
    }
    EXPECT_EQ(Bytes(), damaged) << "the damaged file is left as it is";
  };
  for (size_t page = 1; page < num_pages; page += 3) {
    std::string zeros = whole;
    zeros.replace(page * kPage, kPage, kPage, '\0');
    trial("zeros", page, zeros);
    trial("cut", page,
          whole.substr(0, page * kPage < whole.size() / 2 ? whole.size() - page * kPage
                                                          : whole.size() - kPage));
  }
}

TEST_F(RepairTest, OfAFileThatWasCutNothingIsLostThatLayBefore) {
  // The search index, which comes last here, is made anew.
  std::string damaged = Bytes();
  damaged.resize(damaged.size() - 4096);
  std::ofstream(path_, std::ios::binary) << damaged;
  EXPECT_THAT(SqliteStore::Open(path_), StatusIs(absl::StatusCode::kDataLoss));
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_sessions, kSessions);
  EXPECT_GT(salvaged->num_messages, kSessions * kMessages * 9 / 10);
}

// Nothing that a table needs.
TEST_F(RepairTest, ADamagedIndexOrFreeListLosesNothing) {
  const std::string whole = Bytes();
  const auto root = [&](const std::string& name) {
    return static_cast<size_t>(*Database::Open(path_, {})->QueryInteger(
        absl::StrCat("SELECT rootpage FROM sqlite_schema WHERE name = '", name, "'")));
  };
  const std::vector<size_t> roots = {root("sessions_by_activity"),
                                     root("sqlite_autoindex_sessions_1"),
                                     root("sqlite_autoindex_new_messages_1"),
                                     root("messages_by_client_key"),
                                     root("messages_fts_data"),
                                     root("messages_fts_docsize")};
  for (const size_t page : roots) {
    std::string damaged = whole;
    damaged.replace((page - 1) * 4096, 4096, 4096, '\xA5');
    std::ofstream(path_, std::ios::binary) << damaged;
    std::filesystem::remove(fresh_);
    const auto salvaged = SalvageStore(path_, fresh_);
    ASSERT_THAT(salvaged, IsOk()) << page;
    EXPECT_EQ(salvaged->num_messages, kSessions * kMessages) << page;
    EXPECT_TRUE(salvaged->lost_nothing()) << page;
  }
  std::string damaged = whole;
  // The header's first page of the list, and how many there are.
  damaged.replace(32, 8, 8, '\x7F');
  std::ofstream(path_, std::ios::binary) << damaged;
  std::filesystem::remove(fresh_);
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_TRUE(salvaged->lost_nothing());
}

// As a program that was killed leaves it: what was said last is in the log alone.
TEST_F(RepairTest, WhatIsInTheLogIsSavedAndTheLogLeftAsItIs) {
  const std::string folder = absl::StrCat(directory_, "/with_log");
  std::filesystem::create_directories(folder);
  const std::string copy = absl::StrCat(folder, "/s.db");
  {
    auto store = *SqliteStore::Open(path_);
    for (int i = 0; i < 10; ++i) {
      ASSERT_THAT(store->Append(ids_[0], Message{.content = "said last"}), IsOk());
    }
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + suffix, copy + suffix);
    }
  }
  const auto log_size = std::filesystem::file_size(copy + "-wal");
  ASSERT_GT(log_size, 0u);
  const auto salvaged = SalvageStore(copy, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages + 10);
  EXPECT_TRUE(salvaged->lost_nothing());
  EXPECT_EQ(std::filesystem::file_size(copy + "-wal"), log_size);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    left.push_back(entry.path().filename());
  }
  EXPECT_EQ(left.size(), 2u);
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_NE(entry.path().filename().string().substr(0, 8), "parlance") << "a folder is left";
  }
}

// Numbers of rows that go back must not make it read the same rows for ever.
TEST_F(RepairTest, RandomBytesInARowNeitherHangNorPassInSilence) {
  const std::string whole = Bytes();
  constexpr uint64_t kSeed = 11;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 60; ++round) {
    std::string damaged = whole;
    const size_t page = 1 + random() % (whole.size() / 4096 - 1);
    for (int i = 0; i < 20; ++i) {
      damaged[page * 4096 + random() % 4096] = static_cast<char>(random());
    }
    std::ofstream(path_, std::ios::binary) << damaged;
    std::filesystem::remove(fresh_);
    const auto salvaged = SalvageStore(path_, fresh_);
    ASSERT_THAT(salvaged, IsOk()) << "seed " << kSeed << ", round " << round;
    if (salvaged->num_messages < kSessions * kMessages) {
      EXPECT_FALSE(salvaged->lost_nothing()) << "seed " << kSeed << ", round " << round;
    }
    auto fresh = SqliteStore::Open(fresh_);
    ASSERT_THAT(fresh, IsOk());
    EXPECT_THAT((*fresh)->CheckIntegrity(), IsOk());
  }
}

TEST_F(RepairTest, DoubtfulTextIsSaidAndMended) {
  ASSERT_THAT(
      Database::Open(path_, {})->Execute(absl::StrCat(
          "UPDATE messages SET content = CAST(x'68C36869' AS TEXT) WHERE id = 1 << 24 | 1;"
          "UPDATE messages SET content = CAST(zeroblob(100) AS TEXT) WHERE id = 1 << 24 | 2;"
          "UPDATE messages SET metadata = '{' WHERE id = 2 << 24 | 1;"
          "UPDATE messages SET tool_calls = '{}' WHERE id = 2 << 24 | 2;")),
      IsOk());
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  ASSERT_EQ(salvaged->losses.size(), 2u);
  EXPECT_EQ(salvaged->losses[0].session_id, ids_[0]);
  EXPECT_EQ(salvaged->losses[0].num_doubtful, 2);
  EXPECT_EQ(salvaged->losses[1].num_doubtful, 2);
  EXPECT_FALSE(salvaged->lost_nothing());
  auto fresh = *SqliteStore::Open(fresh_);
  const auto history = fresh->History(ids_[0], {.after = 0, .before = {}, .limit = 1});
  EXPECT_EQ((*history)[0].content, "h?hi");
  EXPECT_FALSE(
      (*fresh->History(ids_[1], {.after = 0, .before = {}, .limit = 1}))[0].metadata.has_value());
}

TEST_F(RepairTest, SessionsWhoseRowsAreLostKeepTheirIdsByTheIndex) {
  std::string damaged = Bytes();
  const auto root = static_cast<size_t>(*Database::Open(path_, {})->QueryInteger(
      "SELECT rootpage FROM sqlite_schema WHERE name = 'sessions'"));
  damaged.replace((root - 1) * 4096, 4096, 4096, '\0');
  std::ofstream(path_, std::ios::binary) << damaged;
  const auto salvaged = SalvageStore(path_, fresh_);
  ASSERT_THAT(salvaged, IsOk());
  EXPECT_EQ(salvaged->num_orphans, kSessions);
  EXPECT_EQ(salvaged->num_messages, kSessions * kMessages);
  auto fresh = *SqliteStore::Open(fresh_);
  for (const std::string& id : ids_) EXPECT_EQ(fresh->GetSession(id)->num_messages, kMessages);
}

TEST_F(RepairTest, ADamagedHeaderIsWrittenAnew) {
  const std::string whole = Bytes();
  struct Damage {
    const char* name;
    size_t begin;
    size_t size;
  };
  constexpr Damage kDamages[] = {
      {"a letter", 0, 1},      {"the format's name", 0, 16},    {"the page size", 16, 2},
      {"the versions", 18, 2}, {"the fractions", 21, 3},        {"the schema's format", 44, 4},
      {"the encoding", 56, 4}, {"the schema's version", 60, 4}, {"the whole header", 0, 100}};
  for (const auto& [name, begin, size] : kDamages) {
    for (const char byte : {'\0', 'X', '\xFF'}) {
      std::string damaged = whole;
      damaged.replace(begin, size, size, byte);
      if (absl::string_view(name) == "the schema's version") damaged[0] = byte;
      std::ofstream(path_, std::ios::binary) << damaged;
      EXPECT_THAT(CheckSalvageable(path_), IsOk()) << name;
      const auto salvaged = SalvageStore(path_, fresh_);
      ASSERT_THAT(salvaged, IsOk()) << name;
      EXPECT_EQ(salvaged->num_sessions, kSessions) << name;
      EXPECT_EQ(salvaged->num_messages, kSessions * kMessages) << name;
      EXPECT_TRUE(salvaged->lost_nothing()) << name;
      EXPECT_EQ(Bytes(), damaged) << "the damaged file is changed";
      std::filesystem::remove(fresh_);
    }
  }
}

TEST_F(RepairTest, ADamagedHeaderIsWrittenAnewForPagesOfAnySize) {
  for (const int size : {512, 1024, 65536}) {
    ASSERT_THAT(Database::Open(path_, {})->Execute(absl::StrCat(
                    "PRAGMA journal_mode = DELETE; PRAGMA page_size = ", size, "; VACUUM")),
                IsOk());
    std::string damaged = Bytes();
    damaged.replace(0, 100, 100, '\0');
    const std::string copy = absl::StrCat(directory_, "/damaged.db");
    std::ofstream(copy, std::ios::binary) << damaged;
    const auto salvaged = SalvageStore(copy, fresh_);
    ASSERT_THAT(salvaged, IsOk()) << size;
    EXPECT_EQ(salvaged->num_messages, kSessions * kMessages) << size;
    EXPECT_TRUE(salvaged->lost_nothing()) << size;
    std::filesystem::remove(fresh_);
  }
}

TEST_F(RepairTest, RefusesWhatIsNoStore) {
  const auto code = [&](const std::string& path) {
    return SalvageStore(path, fresh_).status().code();
  };
  EXPECT_EQ(code(absl::StrCat(directory_, "/missing.db")), absl::StatusCode::kNotFound);
  const std::string text = absl::StrCat(directory_, "/text");
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_EQ(code(text), absl::StatusCode::kDataLoss);
  EXPECT_THAT(CheckSalvageable(text), StatusIs(absl::StatusCode::kDataLoss));
  // Another application's, whose page size is lost.
  std::string foreign = Bytes();
  foreign.replace(68, 4, "Bird");
  foreign.replace(16, 2, 2, '\0');
  const std::string birds = absl::StrCat(directory_, "/birds.db");
  std::ofstream(birds, std::ios::binary) << foreign;
  EXPECT_EQ(code(birds), absl::StatusCode::kDataLoss);
  const std::string other = absl::StrCat(directory_, "/other.db");
  ASSERT_THAT(Database::Open(other, {})->Execute("CREATE TABLE birds (name TEXT)"), IsOk());
  EXPECT_EQ(code(other), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(fresh_));
}

}  // namespace
}  // namespace parlance::session
