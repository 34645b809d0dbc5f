#include "session/postgres/postgres_connection.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace parlance::session {
namespace {

// The code of an SQLSTATE (PostgreSQL documentation, appendix A).
absl::StatusCode CodeOf(absl::string_view state) {
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "40") ||
      absl::StartsWith(state, "57") || state == "55P03") {
    return absl::StatusCode::kUnavailable;
  }
  if (absl::StartsWith(state, "53") || absl::StartsWith(state, "54")) {
    return absl::StatusCode::kResourceExhausted;
  }
  if (absl::StartsWith(state, "28") || state == "42501" || state == "25006") {
    return absl::StatusCode::kPermissionDenied;
  }
  if (absl::StartsWith(state, "23")) return absl::StatusCode::kAlreadyExists;
  if (absl::StartsWith(state, "22")) return absl::StatusCode::kInvalidArgument;
  if (absl::StartsWith(state, "XX")) return absl::StatusCode::kDataLoss;
  return absl::StatusCode::kInternal;
}

struct Pointers {
  explicit Pointers(const PostgresParameters& parameters) {
    for (const std::optional<std::string>& parameter : parameters) {
      values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
    }
  }
  std::vector<const char*> values;
};

}  // namespace

std::string PostgresRows::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

std::optional<std::string> PostgresRows::OptionalText(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return Text(row, column);
}

int64_t PostgresRows::Integer(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQgetvalue(result_.get(), row, column), &value) ? value : 0;
}

std::optional<int64_t> PostgresRows::OptionalInteger(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return Integer(row, column);
}

absl::StatusOr<PostgresConnection> PostgresConnection::Open(const std::string& uri,
                                                            absl::Span<const Prepared> statements) {
  PostgresConnection connection(PQconnectdb(uri.c_str()), statements);
  if (PQstatus(connection.connection_.get()) != CONNECTION_OK) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach the PostgreSQL server: ",
                     absl::StripAsciiWhitespace(PQerrorMessage(connection.connection_.get()))));
  }
  if (absl::Status prepared = connection.Prepare(statements); !prepared.ok()) return prepared;
  return connection;
}

absl::Status PostgresConnection::Prepare(absl::Span<const Prepared> statements) {
  // Notices are for people at a terminal.
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  for (const Prepared& statement : statements) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQprepare(connection_.get(), statement.name, statement.sql.c_str(), 0, nullptr), PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return StatusOf(result.get());
  }
  return absl::OkStatus();
}

absl::Status PostgresConnection::EnsureOpen() {
  if (PQstatus(connection_.get()) == CONNECTION_OK) return absl::OkStatus();
  PQreset(connection_.get());
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach the PostgreSQL server: ",
                     absl::StripAsciiWhitespace(PQerrorMessage(connection_.get()))));
  }
  return Prepare(statements_);
}

absl::Status PostgresConnection::StatusOf(const PGresult* result) const {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message =
      result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result);
  // Without a state, it is libpq that speaks, of a connection that is gone.
  return absl::Status(state == nullptr ? absl::StatusCode::kUnavailable : CodeOf(state),
                      absl::StrCat("PostgreSQL: ", absl::StripAsciiWhitespace(message)));
}

absl::Status PostgresConnection::Execute(const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql.c_str()),
                                                             PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? absl::OkStatus()
                                                                 : StatusOf(result.get());
}

absl::StatusOr<PostgresRows> PostgresConnection::Query(const char* prepared,
                                                       const PostgresParameters& parameters) {
  const Pointers pointers(parameters);
  PGresult* result =
      PQexecPrepared(connection_.get(), prepared, static_cast<int>(pointers.values.size()),
                     pointers.values.data(), nullptr, nullptr, 0);
  PostgresRows rows(result);
  if (PQresultStatus(result) != PGRES_TUPLES_OK) return StatusOf(result);
  return rows;
}

bool PostgresConnection::Send(const Request& request) {
  const Pointers pointers(request.parameters);
  return PQsendQueryPrepared(connection_.get(), request.prepared,
                             static_cast<int>(pointers.values.size()), pointers.values.data(),
                             nullptr, nullptr, 0) == 1;
}

absl::StatusOr<PostgresRows> PostgresConnection::Receive() {
  PGresult* result = PQgetResult(connection_.get());
  PostgresRows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    absl::Status error = status == PGRES_PIPELINE_ABORTED
                             ? absl::AbortedError("an earlier statement failed")
                             : StatusOf(result);
    if (result != nullptr) PQclear(PQgetResult(connection_.get()));
    return error;
  }
  // The end of this statement's answer.
  PQclear(PQgetResult(connection_.get()));
  return rows;
}

absl::StatusOr<std::vector<PostgresRows>> PostgresConnection::Transaction(
    absl::Span<const Request> requests) {
  PGconn* const connection = connection_.get();
  if (PQenterPipelineMode(connection) != 1) return StatusOf(nullptr);
  const auto send_plain = [&](const char* sql) {
    return PQsendQueryParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  };
  bool sent = send_plain("BEGIN");
  for (const Request& request : requests) sent = sent && Send(request);
  sent = sent && send_plain("COMMIT") && PQpipelineSync(connection) == 1;
  absl::Status status = sent ? absl::OkStatus() : StatusOf(nullptr);
  std::vector<PostgresRows> answers;
  if (sent) {
    for (size_t i = 0; i < requests.size() + 2; ++i) {
      absl::StatusOr<PostgresRows> answer = Receive();
      if (!answer.ok()) {
        // The first error is the cause of the others.
        if (status.ok()) status = answer.status();
        if (PQstatus(connection) != CONNECTION_OK) break;
      } else if (i > 0 && i <= requests.size()) {
        answers.push_back(*std::move(answer));
      }
    }
    // The sync point.
    PQclear(PQgetResult(connection));
  }
  if (PQexitPipelineMode(connection) != 1 && status.ok()) status = StatusOf(nullptr);
  if (!status.ok()) {
    // What was aborted inside the transaction left it open.
    if (PQstatus(connection) == CONNECTION_OK) Execute("ROLLBACK").IgnoreError();
    return status;
  }
  return answers;
}

}  // namespace parlance::session
