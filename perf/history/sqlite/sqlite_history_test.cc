#include "perf/history/sqlite/sqlite_history.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history.h"
#include "perf/history/history_text.h"
#include "perf/history/testing/history_contract.h"
#include "perf/history/testing/sample_run.h"
#include "perf/record/result.pb.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<std::unique_ptr<History>> OpenNamed(const std::string& name) {
  absl::StatusOr<std::unique_ptr<SqliteHistory>> history =
      SqliteHistory::Open(absl::StrCat(testing::TempDir(), "/", getpid(), "_", name, ".db"));
  if (!history.ok()) return history.status();
  return *std::move(history);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, HistoryContract, testing::Values(HistoryKind{.open = OpenNamed}));

std::string Path() {
  const std::string name = absl::StrReplaceAll(
      testing::UnitTest::GetInstance()->current_test_info()->name(), {{"/", "_"}});
  std::string path = absl::StrCat(testing::TempDir(), "/", name, ".db");
  std::filesystem::remove(path);
  return path;
}

class EarlierVersionTest : public testing::TestWithParam<int> {};

TEST_P(EarlierVersionTest, IsReadAndBroughtUpToDate) {
  const int version = GetParam();
  const std::string path = Path();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  const std::string sql = absl::StrCat(
      "CREATE TABLE run (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, target TEXT NOT NULL, "
      "shard INTEGER NOT NULL, start_ns INTEGER NOT NULL, machine TEXT NOT NULL, "
      "load TEXT NOT NULL, git_commit TEXT NOT NULL, dirty INTEGER NOT NULL, ",
      version == 1 ? "" : "build TEXT NOT NULL DEFAULT '', ",
      "UNIQUE (run_id, target, shard, start_ns));"
      "CREATE TABLE measurement (run INTEGER NOT NULL REFERENCES run (id), name TEXT NOT NULL, "
      "title TEXT NOT NULL, unit TEXT NOT NULL, better INTEGER NOT NULL, median REAL NOT NULL, "
      "samples BLOB NOT NULL, PRIMARY KEY (name, run)) WITHOUT ROWID;"
      "INSERT INTO run VALUES (1, 'r', '//a', 0, 5, 'm', 'default', 'abc', 0",
      version == 1 ? "" : ", 'gcc 12'",
      ");"
      "INSERT INTO measurement VALUES (1, 'audio.vad.process_1s', 'VAD', 'ms', 1, 10, x'00000000');"
      "PRAGMA application_id = 0x50524C48; PRAGMA user_version = ",
      version, ";");
  ASSERT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(raw);
  sqlite3_close(raw);
  for (int times = 0; times < 2; ++times) {
    const auto history = SqliteHistory::Open(path);
    ASSERT_THAT(history, IsOk());
    const auto series = *(*history)->Series("");
    ASSERT_EQ(series.size(), 1u);
    ASSERT_EQ(series[0].points.size(), 1u);
    EXPECT_EQ(series[0].points[0].noise, std::nullopt) << "nobody knows it";
    EXPECT_THAT(HistoryList(series),
                HasSubstr(version == 1 ? "m, build not recorded\n" : "m, gcc 12\n"));
  }
  EXPECT_EQ(*(*SqliteHistory::Open(path))->Add({DayRun(1, 10)}), 1);
}

INSTANTIATE_TEST_SUITE_P(All, EarlierVersionTest, testing::Values(1, 2));

TEST(SqliteHistory, SamplesTakeFourBytes) {
  const std::string path = Path();
  auto history = *SqliteHistory::Open(path);
  perf::Run run = DayRun(1, 10);
  for (int i = 0; i < 500'000; ++i) run.mutable_measurements(0)->add_samples(i * 0.37);
  const auto empty = std::filesystem::file_size(path);
  ASSERT_THAT(history->Add({run}), IsOk());
  const auto bytes = static_cast<double>(std::filesystem::file_size(path) - empty);
  EXPECT_LE(bytes / 500'003, 4.05);
}

TEST(SqliteHistory, AFullDiskLosesNothingThatWasThere) {
  const std::string path = Path();
  auto history = *SqliteHistory::Open(path);
  ASSERT_THAT(history->Add({DayRun(1, 10)}), IsOk());
  // What fills the disk, as SQLite sees it: a file that may not grow.
  sqlite3* raw = history->database_for_test();
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA max_page_count = 1", nullptr, nullptr, nullptr), SQLITE_OK);
  perf::Run large = DayRun(2, 10);
  for (int i = 0; i < 100'000; ++i) large.mutable_measurements(0)->add_samples(i);
  const auto full = history->Add({DayRun(3, 10), large});
  ASSERT_THAT(full, Not(IsOk()));
  EXPECT_THAT(std::string(full.status().message()), HasSubstr("full"));
  // All or none.
  EXPECT_EQ((*history->Series(""))[0].points.size(), 1u);
}

TEST(SqliteHistory, ANewerVersionIsRefused) {
  const std::string path = Path();
  {
    auto history = *SqliteHistory::Open(path);
    ASSERT_EQ(sqlite3_exec(history->database_for_test(), "PRAGMA user_version = 4", nullptr,
                           nullptr, nullptr),
              SQLITE_OK);
  }
  EXPECT_THAT(SqliteHistory::Open(path),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("history ", path,
                                    ": its tables have version 4, and this program knows up to 3; "
                                    "use a newer one")));
}

TEST(SqliteHistory, LeavesSmallFilesAsTheyAre) {
  const std::string path = Path();
  for (const std::string& content : {std::string("x"), std::string(511, 'x')}) {
    std::ofstream(path, std::ios::trunc) << content;
    EXPECT_THAT(SqliteHistory::Open(path),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("it is not a database, as it has only")));
    EXPECT_EQ(std::filesystem::file_size(path), content.size());
  }
  // A file that somebody made for it.
  std::ofstream(path, std::ios::trunc).flush();
  EXPECT_THAT(SqliteHistory::Open(path), IsOk());
}

TEST(SqliteHistory, DoesNotWaitForPipesAndDevices) {
  const std::string pipe = Path();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/null"), testing::TempDir()}) {
    EXPECT_THAT(SqliteHistory::Open(path),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("it is not a file but a folder or a device")))
        << path;
  }
}

TEST(SqliteHistory, RefusesWhatIsNoHistory) {
  const std::string text = Path();
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_THAT(SqliteHistory::Open(text), StatusIs(absl::StatusCode::kFailedPrecondition));
  const std::string other = Path() + ".other";
  sqlite3* raw = nullptr;
  sqlite3_open(other.c_str(), &raw);
  sqlite3_exec(raw, "CREATE TABLE birds (name)", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  const auto refused = SqliteHistory::Open(other);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                absl::StrCat("history ", other, ": it is another application's")));
  EXPECT_THAT(SqliteHistory::Open("/no/such/folder/history.db"), Not(IsOk()));
}

}  // namespace
}  // namespace perf
