#include "session/sqlite/testing/raw_peers.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "session/sqlite/sqlite_writer.h"

namespace parlance::session {

absl::StatusOr<std::vector<std::string>> CreateSessions(SqliteStore& store, int num_sessions) {
  std::vector<absl::StatusOr<Session>> sessions(static_cast<size_t>(num_sessions));
  std::vector<std::thread> threads;
  for (absl::StatusOr<Session>& session : sessions) {
    threads.emplace_back([&] { session = store.CreateSession("talk"); });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> ids;
  for (const absl::StatusOr<Session>& session : sessions) {
    if (!session.ok()) return session.status();
    ids.push_back(session->id);
  }
  return ids;
}

RawFile::RawFile(const std::string& path)
    : file_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}

RawFile::~RawFile() { close(file_); }

bool RawFile::Append() {
  static constexpr std::array<char, 4096> kPage = {};
  if (pwrite(file_, kPage.data(), kPage.size(), size_) != static_cast<ssize_t>(kPage.size())) {
    return false;
  }
  size_ += static_cast<int64_t>(kPage.size());
  return fdatasync(file_) == 0;
}

absl::StatusOr<RawSqlite> RawSqlite::Create(const std::string& path, int num_sessions) {
  {
    auto store = SqliteStore::Open(path);
    if (!store.ok()) return store.status();
    if (auto ids = CreateSessions(**store, num_sessions); !ids.ok()) return ids.status();
  }
  absl::StatusOr<Database> database = Database::Open(path, {});
  if (!database.ok()) return database.status();
  if (absl::Status set = database->Execute(kWriterSettings); !set.ok()) return set;
  auto connection = Connection<Statements>::Create(*std::move(database));
  if (!connection.ok()) return connection.status();
  return RawSqlite(*std::move(connection), num_sessions);
}

absl::Status RawSqlite::Commit(absl::Span<const Message> messages) {
  constexpr int64_t kNow = 1'700'000'000'000'000;
  Statements& sql = connection_.statements();
  if (absl::Status begun = sql.begin.Run(); !begun.ok()) return begun;
  const size_t num_sessions = next_sequences_.size();
  const size_t first = next_session_;
  for (const Message& message : messages) {
    const size_t session = next_session_++ % num_sessions;
    sql.insert.Bind(1, static_cast<int64_t>(session) + 1);
    sql.insert.Bind(2, next_sequences_[session]++);
    sql.insert.Bind(3, RoleName(message.role));
    sql.insert.Bind(4, absl::string_view(message.content));
    sql.insert.Bind(5, kNow);
    if (absl::Status inserted = sql.insert.Run(); !inserted.ok()) return inserted;
  }
  for (size_t i = 0; i < std::min(messages.size(), num_sessions); ++i) {
    const size_t session = (first + i) % num_sessions;
    sql.update.Bind(1, static_cast<int64_t>(session) + 1);
    sql.update.Bind(2, next_sequences_[session]);
    sql.update.Bind(3, kNow);
    sql.update.Bind(4, ++activity_);
    if (absl::Status updated = sql.update.Run(); !updated.ok()) return updated;
  }
  return sql.commit.Run();
}

}  // namespace parlance::session
