// A connection to the store's database with its statements, prepared once.
#ifndef SESSION_SQLITE_CONNECTION_H_
#define SESSION_SQLITE_CONNECTION_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "session/sqlite/database.h"

namespace parlance::session {

// `Query` enumerates the statements, in their order, from 0.
template <typename Query>
class Connection {
 public:
  static absl::StatusOr<Connection> Create(Database database, absl::Span<const std::string> sql) {
    Connection connection(std::move(database));
    for (const std::string& text : sql) {
      absl::StatusOr<Statement> statement = connection.database_.Prepare(text);
      if (!statement.ok()) return statement.status();
      connection.statements_.push_back(*std::move(statement));
    }
    return connection;
  }

  Database& database() { return database_; }
  Statement& operator[](Query query) { return statements_[static_cast<size_t>(query)]; }

 private:
  explicit Connection(Database database) : database_(std::move(database)) {}

  Database database_;
  // Finalized before the connection is closed.
  std::vector<Statement> statements_;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_CONNECTION_H_
