#include "third_party/postgres_connection.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace postgres {
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

// What libpq or the server said, in one line.
std::string OneLine(const char* message) {
  return absl::StrReplaceAll(absl::StripAsciiWhitespace(message), {{"\n\t", " "}, {"\n", "; "}});
}

// Whether libpq takes each part of the URI for what it was meant to be. For libpq, user and
// password are what is before the first @, if that comes before the first /.
bool IsUnambiguous(absl::string_view uri) {
  absl::string_view rest = uri.substr(uri.find("://") + 3);
  const size_t at = rest.find('@');
  if (at < rest.find('/')) rest.remove_prefix(at + 1);
  return !absl::StrContains(rest.substr(0, rest.find('?')), '@');
}

struct Pointers {
  explicit Pointers(const Parameters& parameters) {
    for (const std::optional<std::string>& parameter : parameters) {
      values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
    }
  }
  std::vector<const char*> values;
};

}  // namespace

bool IsUri(absl::string_view text) {
  return absl::StartsWith(text, "postgresql://") || absl::StartsWith(text, "postgres://");
}

absl::StatusOr<std::string> PublicName(const std::string& uri) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(uri.c_str(), &error), PQconninfoFree);
  // It may quote a password.
  PQfreemem(error);
  std::map<std::string, std::string> parts;
  for (const PQconninfoOption* option = options.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parts[option->keyword] = option->val;
  }
  const bool is_port =
      absl::c_all_of(parts["port"], [](char c) { return absl::ascii_isdigit(c) || c == ','; });
  if (!IsUri(uri) || options == nullptr || !IsUnambiguous(uri) || !is_port) {
    return absl::InvalidArgumentError(
        "this is no URI of a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE, with "
        "special characters of a name or a password as %XX, such as %2F for / and %40 for @");
  }
  std::string name = "postgresql://";
  if (!parts["user"].empty()) absl::StrAppend(&name, parts["user"], "@");
  const std::string& host = parts["host"];
  const bool is_socket = absl::StartsWith(host, "/");
  if (!is_socket) {
    absl::StrAppend(&name, absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host);
  }
  if (!parts["port"].empty()) absl::StrAppend(&name, ":", parts["port"]);
  if (!parts["dbname"].empty()) absl::StrAppend(&name, "/", parts["dbname"]);
  if (is_socket) absl::StrAppend(&name, "?host=", host);
  if (!parts["service"].empty()) absl::StrAppend(&name, "?service=", parts["service"]);
  return name;
}

std::string Rows::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

std::optional<std::string> Rows::OptionalText(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return Text(row, column);
}

int64_t Rows::Integer(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQgetvalue(result_.get(), row, column), &value) ? value : 0;
}

std::optional<int64_t> Rows::OptionalInteger(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return Integer(row, column);
}

double Rows::Double(int row, int column) const {
  double value = 0;
  return absl::SimpleAtod(PQgetvalue(result_.get(), row, column), &value) ? value : 0;
}

absl::StatusOr<Connection> Connection::Open(const std::string& uri,
                                            absl::Span<const Prepared> statements,
                                            const Settings& settings) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  // What the URI says is later, and counts.
  names.insert(names.end(), {"dbname", nullptr});
  values.insert(values.end(), {uri.c_str(), nullptr});
  Connection connection(PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1),
                        statements);
  if (!connection.IsOpen()) return connection.NotConnected();
  if (absl::Status prepared = connection.Prepare(statements); !prepared.ok()) return prepared;
  return connection;
}

absl::Status Connection::Prepare(absl::Span<const Prepared> statements) {
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

absl::Status Connection::EnsureOpen() {
  if (IsOpen()) return absl::OkStatus();
  PQreset(connection_.get());
  if (!IsOpen()) return NotConnected();
  return Prepare(statements_);
}

absl::Status Connection::NotConnected() const {
  return absl::UnavailableError(absl::StrCat("cannot connect to the PostgreSQL server: ",
                                             OneLine(PQerrorMessage(connection_.get()))));
}

absl::Status Connection::StatusOf(const PGresult* result) const {
  const auto field = [&](int code) {
    return result == nullptr ? nullptr : PQresultErrorField(result, code);
  };
  const char* const state = field(PG_DIAG_SQLSTATE);
  // Without a state, it is libpq that speaks, of a connection that is gone.
  if (state == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("PostgreSQL: ", OneLine(result == nullptr ? PQerrorMessage(connection_.get())
                                                               : PQresultErrorMessage(result))));
  }
  // The rest of the message is where in which statement it happened.
  std::string message = absl::StrCat("PostgreSQL: ", field(PG_DIAG_MESSAGE_PRIMARY));
  if (const char* const detail = field(PG_DIAG_MESSAGE_DETAIL); detail != nullptr) {
    absl::StrAppend(&message, " (", detail, ")");
  }
  return absl::Status(CodeOf(state), OneLine(message.c_str()));
}

absl::Status Connection::Execute(const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql.c_str()),
                                                             PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? absl::OkStatus()
                                                                 : StatusOf(result.get());
}

absl::StatusOr<Rows> Connection::Query(const char* prepared, const Parameters& parameters) {
  const Pointers pointers(parameters);
  PGresult* result =
      PQexecPrepared(connection_.get(), prepared, static_cast<int>(pointers.values.size()),
                     pointers.values.data(), nullptr, nullptr, 0);
  Rows rows(result);
  if (PQresultStatus(result) != PGRES_TUPLES_OK) return StatusOf(result);
  return rows;
}

absl::StatusOr<Rows> Connection::QueryOnce(const std::string& sql, const Parameters& parameters) {
  const Pointers pointers(parameters);
  PGresult* result =
      PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(pointers.values.size()),
                   nullptr, pointers.values.data(), nullptr, nullptr, 0);
  Rows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return StatusOf(result);
  return rows;
}

bool Connection::Send(const Request& request) {
  const Pointers pointers(request.parameters);
  return PQsendQueryPrepared(connection_.get(), request.prepared,
                             static_cast<int>(pointers.values.size()), pointers.values.data(),
                             nullptr, nullptr, 0) == 1;
}

absl::StatusOr<Rows> Connection::Receive() {
  PGresult* result = PQgetResult(connection_.get());
  Rows rows(result);
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

absl::StatusOr<std::vector<Rows>> Connection::Transaction(absl::Span<const Request> requests) {
  PGconn* const connection = connection_.get();
  if (PQenterPipelineMode(connection) != 1) return StatusOf(nullptr);
  const auto send_plain = [&](const char* sql) {
    return PQsendQueryParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  };
  bool sent = send_plain("BEGIN");
  for (const Request& request : requests) sent = sent && Send(request);
  sent = sent && send_plain("COMMIT") && PQpipelineSync(connection) == 1;
  absl::Status status = sent ? absl::OkStatus() : StatusOf(nullptr);
  std::vector<Rows> answers;
  if (sent) {
    for (size_t i = 0; i < requests.size() + 2; ++i) {
      absl::StatusOr<Rows> answer = Receive();
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

}  // namespace postgres
