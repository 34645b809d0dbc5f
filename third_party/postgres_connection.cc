#include "third_party/postgres_connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace postgres {
namespace {

constexpr char kConnectTimeoutSeconds[] = "10";

// The code of an SQLSTATE (PostgreSQL documentation, appendix A).
absl::StatusCode CodeOf(absl::string_view state) {
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "40") ||
      absl::StartsWith(state, "57") || state == "55P03" || state == "25P03") {
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
// password are what is before the first @, if that comes before the first /: a ? does not end them,
// so options with an @ are a user and a password, too.
bool IsUnambiguous(absl::string_view uri) {
  absl::string_view rest = uri.substr(uri.find("://") + 3);
  const size_t query = rest.find('?');
  const size_t at = rest.find('@');
  const size_t slash = rest.find('/');
  if (query < at && at < slash) return false;
  if (at < slash) rest.remove_prefix(at + 1);
  return !absl::StrContains(rest.substr(0, rest.find('?')), '@');
}

// Whether a part of a URI may be shown: it holds no options, which were meant to be such, and
// leaves a message in one line.
bool IsPlain(absl::string_view part) {
  return absl::c_none_of(part, [](char c) {
    return c == '=' || c == '&' || c == '?' || absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

struct Pointers {
  explicit Pointers(const Parameters& parameters) {
    for (const std::optional<std::string>& parameter : parameters) {
      values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
    }
  }
  std::vector<const char*> values;
};

int SendPrepared(PGconn* connection, const char* name, const Parameters& parameters) {
  const Pointers pointers(parameters);
  return PQsendQueryPrepared(connection, name, static_cast<int>(pointers.values.size()),
                             pointers.values.data(), nullptr, nullptr, 0);
}

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
  const bool are_plain =
      absl::c_all_of(std::vector<std::string>{"user", "host", "hostaddr", "dbname", "service"},
                     [&](const std::string& keyword) { return IsPlain(parts[keyword]); });
  if (!IsUri(uri) || options == nullptr || !IsUnambiguous(uri) || !is_port || !are_plain) {
    return absl::InvalidArgumentError(
        "this is not a URI of a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE, "
        "with special characters of a name or a password as %XX, such as %2F for /, %3F for ? and "
        "%40 for @; names with =, & or ? are not supported");
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
  std::vector<std::string> shown;
  if (is_socket) shown.push_back(absl::StrCat("host=", host));
  for (const char* keyword : {"hostaddr", "service"}) {
    if (!parts[keyword].empty()) shown.push_back(absl::StrCat(keyword, "=", parts[keyword]));
  }
  return absl::StrCat(name, shown.empty() ? "" : "?", absl::StrJoin(shown, "&"));
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
                                            const ConnectionOptions& options) {
  // A server that accepts and says nothing would be waited for without an end.
  std::vector<const char*> names;
  std::vector<const char*> values;
  if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) {
    names.push_back("connect_timeout");
    values.push_back(kConnectTimeoutSeconds);
  }
  for (const auto& [name, value] : options.settings) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  // What the URI says is later, and counts.
  names.insert(names.end(), {"dbname", nullptr});
  values.insert(values.end(), {uri.c_str(), nullptr});
  Connection connection(PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1),
                        statements, options);
  if (absl::Status begun = connection.Begin(); !begun.ok()) return begun;
  return connection;
}

absl::Status Connection::Begin() {
  if (!IsOpen()) return NotConnected();
  // Notices are for people at a terminal.
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  if (!session_sql_.empty()) {
    if (absl::Status set = Execute(session_sql_); !set.ok()) return set;
  }
  return Prepare(statements_);
}

absl::Status Connection::Prepare(absl::Span<const Prepared> statements) {
  for (const Prepared& statement : statements) {
    const absl::StatusOr<Rows> prepared = Ask([&](PGconn* connection) {
      return PQsendPrepare(connection, statement.name, statement.sql.c_str(), 0, nullptr);
    });
    if (!prepared.ok()) return prepared.status();
  }
  return absl::OkStatus();
}

absl::Status Connection::EnsureOpen() {
  if (IsOpen()) return absl::OkStatus();
  PQreset(connection_.get());
  given_up_ = false;
  absl::Status begun = Begin();
  // Without its settings it is not what the caller asked for.
  given_up_ = !begun.ok();
  return begun;
}

absl::Status Connection::NotConnected() const {
  return absl::UnavailableError(absl::StrCat("cannot connect to the PostgreSQL server: ",
                                             OneLine(PQerrorMessage(connection_.get()))));
}

absl::Status Connection::StatusOf(const PGresult* result) {
  const auto field = [&](int code) {
    return result == nullptr ? nullptr : PQresultErrorField(result, code);
  };
  const char* const state = field(PG_DIAG_SQLSTATE);
  last_sqlstate_ = state == nullptr ? "" : state;
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

bool Connection::Await(absl::Duration patience) {
  PGconn* const connection = connection_.get();
  const auto begin = std::chrono::steady_clock::now();
  while (true) {
    const bool all_sent = PQflush(connection) == 0;
    if (PQisBusy(connection) == 0) return true;
    // What is wrong, PQgetResult says.
    const int socket = PQsocket(connection);
    if (socket < 0) return true;
    const absl::Duration left =
        patience - absl::FromChrono(std::chrono::steady_clock::now() - begin);
    if (left <= absl::ZeroDuration()) return false;
    // Rounded up, and anew if it is more than poll(2) takes.
    const int64_t left_ms =
        std::min<int64_t>(absl::ToInt64Milliseconds(left), std::numeric_limits<int>::max() - 1);
    pollfd readable = {.fd = socket,
                       .events = static_cast<short>(all_sent ? POLLIN : POLLIN | POLLOUT),
                       .revents = 0};
    const int polled = poll(&readable, 1, static_cast<int>(left_ms + 1));
    if (polled < 0 && errno != EINTR) return true;
    if (polled > 0 && (readable.revents & ~POLLOUT) != 0 && PQconsumeInput(connection) == 0) {
      return true;
    }
  }
}

absl::StatusOr<Rows> Connection::Ask(absl::FunctionRef<int(PGconn*)> send) {
  PGconn* const connection = connection_.get();
  last_sqlstate_.clear();
  if (given_up_) return absl::UnavailableError("PostgreSQL: the connection was given up");
  const auto begin = std::chrono::steady_clock::now();
  const auto in_time = [&] {
    return Await(patience_ - absl::FromChrono(std::chrono::steady_clock::now() - begin));
  };
  const auto give_up = [&] {
    // It stays nonblocking, as what closes it would otherwise wait until all is sent.
    given_up_ = true;
    return absl::UnavailableError(absl::StrCat("PostgreSQL: the server did not answer within ",
                                               absl::FormatDuration(patience_),
                                               ", and the connection was given up"));
  };
  // A large statement is not to wait for a server that does not read it, either.
  PQsetnonblocking(connection, 1);
  // What an earlier call left is no answer to this one.
  while (true) {
    if (!in_time()) return give_up();
    PGresult* const left = PQgetResult(connection);
    if (left == nullptr) break;
    PQclear(left);
  }
  if (send(connection) != 1) {
    absl::Status failed = StatusOf(nullptr);
    PQsetnonblocking(connection, 0);
    return failed;
  }
  absl::StatusOr<Rows> answer = absl::InternalError("PostgreSQL: no answer");
  bool failed = false;
  while (true) {
    if (!in_time()) return give_up();
    PGresult* const result = PQgetResult(connection);
    if (result == nullptr) break;
    Rows rows(result);
    // The first error is the cause of the others.
    if (failed) continue;
    const ExecStatusType status = PQresultStatus(result);
    failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
    if (failed) {
      answer = StatusOf(result);
    } else {
      answer = std::move(rows);
    }
  }
  PQsetnonblocking(connection, 0);
  return answer;
}

absl::Status Connection::Execute(const std::string& sql) {
  return Ask([&](PGconn* connection) { return PQsendQuery(connection, sql.c_str()); }).status();
}

absl::StatusOr<Rows> Connection::Query(const char* prepared, const Parameters& parameters) {
  return Ask([&](PGconn* connection) { return SendPrepared(connection, prepared, parameters); });
}

absl::StatusOr<Rows> Connection::QueryOnce(const std::string& sql, const Parameters& parameters) {
  const Pointers pointers(parameters);
  return Ask([&](PGconn* connection) {
    return PQsendQueryParams(connection, sql.c_str(), static_cast<int>(pointers.values.size()),
                             nullptr, pointers.values.data(), nullptr, nullptr, 0);
  });
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
  for (const Request& request : requests) {
    sent = sent && SendPrepared(connection, request.prepared, request.parameters) == 1;
  }
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
