// A connection to the store's database with its statements, prepared once.
//
// `Statements` is a struct whose members are the statements. A statement's name and its SQL stand
// in one line, so that neither can be taken for another's:
//
//   struct Statements {
//     Preparer prepare;
//     Statement begin = prepare("BEGIN");
//     Statement find = prepare("SELECT id FROM sessions WHERE public_id = ?1");
//   };
//   absl::StatusOr<Connection<Statements>> connection =
//       Connection<Statements>::Create(*std::move(database));
//   connection->statements().find.Bind(1, id);
#ifndef SESSION_SQLITE_CONNECTION_H_
#define SESSION_SQLITE_CONNECTION_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "session/sqlite/database.h"

namespace parlance::session {

// Prepares one statement after the other, and keeps the first error. After an error the statements
// that it returns are empty.
class Preparer {
 public:
  // The database must stay where it is until Finish.
  explicit Preparer(Database& database) : database_(&database) {}

  Statement operator()(absl::string_view sql) {
    if (!status_.ok()) return Statement();
    absl::StatusOr<Statement> statement = database_->Prepare(sql);
    if (statement.ok()) return *std::move(statement);
    status_ = statement.status();
    return Statement();
  }

  // The first error. Nothing can be prepared any more.
  absl::Status Finish() {
    database_ = nullptr;
    return status_;
  }

 private:
  Database* database_;
  absl::Status status_;
};

template <typename Statements>
class Connection {
 public:
  // The first error of a statement that cannot be prepared.
  static absl::StatusOr<Connection> Create(Database database) {
    Statements statements = {.prepare = Preparer(database)};
    if (absl::Status prepared = statements.prepare.Finish(); !prepared.ok()) return prepared;
    return Connection(std::move(database), std::move(statements));
  }

  Database& database() { return database_; }
  Statements& statements() { return statements_; }

 private:
  Connection(Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  Database database_;
  // After the database, so that they are finalized before it is closed.
  Statements statements_;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_CONNECTION_H_
