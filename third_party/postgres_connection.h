// One connection to a PostgreSQL server: statements, pipelines, and the server's errors as
// absl::Status.
//
// Errors, everywhere below: Unavailable if the server cannot be reached, went away or was given up
// (for a write, it may have been made or not), for what took longer than the server allows, and for
// a deadlock or a server that is shutting down;
// ResourceExhausted for a full disk or too many connections; PermissionDenied; AlreadyExists for a
// violated constraint; DataLoss for damaged data; Internal for anything else. The message has the
// server's own, in one line.
//
// Threads: a connection belongs to one thread at a time; the owner serializes.
#ifndef THIRD_PARTY_POSTGRES_CONNECTION_H_
#define THIRD_PARTY_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace postgres {

// Whether the text is a URI of PostgreSQL: "postgresql://…" or "postgres://…".
bool IsUri(absl::string_view text);

// What messages call the database of a URI, without whatever may be a secret:
// "postgresql://user@host:port/database", and as options a socket's folder, hostaddr and service.
// InvalidArgument, without a word of it, for a URI that libpq does not read, or reads otherwise
// than it was meant: where a user or a password has a bare @, / or ?, the rest of it would be taken
// for a host or a database, and where an option has a bare @, options may be taken for a password.
// The parts that are shown have no =, &, ? or control character for that reason.
absl::StatusOr<std::string> PublicName(const std::string& uri);

// Rows of an answer, in text form. Rows and columns count from 0.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  int size() const { return PQntuples(result_.get()); }
  std::string Text(int row, int column) const;
  std::optional<std::string> OptionalText(int row, int column) const;
  int64_t Integer(int row, int column) const;
  std::optional<int64_t> OptionalInteger(int row, int column) const;
  double Double(int row, int column) const;

  // One of the rows; valid as long as they are.
  class Row {
   public:
    Row(const Rows& rows, int row) : rows_(rows), row_(row) {}
    std::string Text(int column) const { return rows_.Text(row_, column); }
    std::optional<std::string> OptionalText(int column) const {
      return rows_.OptionalText(row_, column);
    }
    int64_t Integer(int column) const { return rows_.Integer(row_, column); }
    std::optional<int64_t> OptionalInteger(int column) const {
      return rows_.OptionalInteger(row_, column);
    }
    double Double(int column) const { return rows_.Double(row_, column); }

   private:
    const Rows& rows_;
    const int row_;
  };
  Row row(int row) const { return {*this, row}; }

 private:
  struct Clearer {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clearer> result_;
};

// $1, $2, … of a statement, in text form; nothing is NULL.
using Parameters = std::vector<std::optional<std::string>>;

// libpq's parameters of a connection (PostgreSQL documentation, 34.1.2): name and value.
using Settings = std::vector<std::pair<std::string, std::string>>;

// How a connection is used, besides what its URI says.
struct ConnectionOptions {
  // These hold where the URI does not say otherwise.
  Settings settings = {};
  // SQL that is run after each connecting, such as "SET lock_timeout = '1min'".
  std::string session_sql = {};
  // How long one call of Execute, Query, QueryOnce or Prepare waits for the server, which bounds
  // it where the server is stopped or the network is silent. It does not bound Transaction, and
  // connecting has libpq's connect_timeout, which is 10 s where neither `settings`, the URI nor the
  // environment has another.
  absl::Duration patience = absl::InfiniteDuration();
};

class Connection {
 public:
  // A statement with a name, prepared on the server once in each connection.
  struct Prepared {
    const char* name;
    std::string sql;
  };

  // `uri`: "postgresql://user@host:port/database?option=value", or libpq's key=value form
  // (PostgreSQL documentation, 34.1.1).
  static absl::StatusOr<Connection> Open(const std::string& uri,
                                         absl::Span<const Prepared> statements,
                                         const ConnectionOptions& options = {});

  // Whether the connection is there, as far as its last use told. After an answer that did not come
  // in time it is not, as nobody knows what the server still does.
  bool IsOpen() const { return !given_up_ && PQstatus(connection_.get()) == CONNECTION_OK; }
  // Connects again if the connection is gone.
  absl::Status EnsureOpen();
  // The SQLSTATE of the last error, such as "40001"; empty if there was none, or if it was not the
  // server's.
  const std::string& last_sqlstate() const { return last_sqlstate_; }
  // Prepares further statements.
  absl::Status Prepare(absl::Span<const Prepared> statements);

  // Runs one or more statements whose rows do not matter.
  absl::Status Execute(const std::string& sql);
  // Runs a statement that is prepared, or one that is given by its SQL.
  absl::StatusOr<Rows> Query(const char* prepared, const Parameters& parameters);
  absl::StatusOr<Rows> QueryOnce(const std::string& sql, const Parameters& parameters);

  struct Request {
    // The name of a prepared statement.
    const char* prepared;
    Parameters parameters;
  };
  // Runs all requests in one transaction and one exchange with the server (pipeline mode, 34.5).
  // Returns the answer to each, in order, or why the transaction was rolled back.
  absl::StatusOr<std::vector<Rows>> Transaction(absl::Span<const Request> requests);

 private:
  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  Connection(PGconn* connection, absl::Span<const Prepared> statements,
             const ConnectionOptions& options)
      : connection_(connection),
        statements_(statements.begin(), statements.end()),
        session_sql_(options.session_sql),
        patience_(options.patience) {}

  // Makes a new connection ready.
  absl::Status Begin();
  // Why there is no connection.
  absl::Status NotConnected() const;
  absl::Status StatusOf(const PGresult* result);
  // Sends with `send`, which returns 1 if that went well, and returns the last answer, or the first
  // error. Gives the connection up where it takes longer than its patience.
  absl::StatusOr<Rows> Ask(absl::FunctionRef<int(PGconn*)> send);
  // Waits until PQgetResult returns at once; false if `patience` was too short for it.
  bool Await(absl::Duration patience);
  // Returns the rows of the next statement of the pipeline.
  absl::StatusOr<Rows> Receive();

  std::unique_ptr<PGconn, Closer> connection_;
  std::vector<Prepared> statements_;
  std::string session_sql_;
  absl::Duration patience_;
  bool given_up_ = false;
  std::string last_sqlstate_;
};

}  // namespace postgres

#endif  // THIRD_PARTY_POSTGRES_CONNECTION_H_
