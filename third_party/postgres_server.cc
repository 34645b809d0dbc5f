#include "third_party/postgres_server.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace postgres {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";

// Runs a command line, and returns what it said if it failed. The server refuses to be root's: root
// becomes Debian's user for it.
absl::Status Run(const std::string& command) {
  const std::string as_user =
      geteuid() == 0
          ? absl::StrCat("setpriv --reuid=postgres --regid=postgres --init-groups sh -c '", command,
                         "'")
          : command;
  // Away from the caller's folder, which the other user may not read.
  const std::string line = absl::StrCat("cd / && ", as_user, " 2>&1");
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return absl::InternalError("cannot run sh");
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  if (pclose(pipe) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(command, ": ", output));
}

// Runs a statement. AlreadyExists for a database that is there.
absl::Status Execute(const std::string& uri, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(uri.c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return absl::OkStatus();
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const bool is_there = state != nullptr && std::string(state) == "42P04";
  return absl::Status(is_there ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kInternal,
                      PQerrorMessage(connection.get()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start() {
  if (!std::filesystem::exists(absl::StrCat(kPrograms, "initdb"))) {
    return absl::NotFoundError("Debian's package postgresql-15 is not installed");
  }
  // Not the test's own folder: a socket's path has at most 107 characters, and the server's user
  // has to get there.
  std::string folder = "/tmp/parlance_postgres_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError("cannot make a folder in /tmp");
  std::unique_ptr<Server> server(new Server(folder));
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return absl::FailedPreconditionError(
          "the server cannot run as root, and there is no user postgres to become");
    }
  }
  if (absl::Status made = Run(absl::StrCat(kPrograms, "initdb -D ", folder,
                                           "/data -U parlance -A trust -E UTF8 --locale=C.UTF-8"));
      !made.ok()) {
    return made;
  }
  if (absl::Status started = server->StartAgain(); !started.ok()) return started;
  return server;
}

absl::Status Server::StartAgain() {
  return Run(absl::StrCat(kPrograms, "pg_ctl -D ", folder_, "/data -w -s -l ", folder_,
                          "/log -o \"-k ", folder_, " -c listen_addresses=\" start"));
}

absl::Status Server::Kill() {
  return Run(absl::StrCat(kPrograms, "pg_ctl -D ", folder_, "/data -w -s -m immediate stop"));
}

Server::~Server() {
  Kill().IgnoreError();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::string> Server::Uri(const std::string& database) {
  if (absl::Status made = Execute(UriOf("postgres"), absl::StrCat("CREATE DATABASE ", database));
      !made.ok() && !absl::IsAlreadyExists(made)) {
    return made;
  }
  return UriOf(database);
}

std::string Server::UriOf(const std::string& database) const {
  return absl::StrCat("postgresql://parlance@/", database, "?host=", folder_);
}

absl::Status Server::AddUser(const std::string& user, const std::string& password) {
  if (absl::Status made =
          Execute(UriOf("postgres"),
                  absl::StrCat("CREATE ROLE ", user, " LOGIN PASSWORD '", password, "'"));
      !made.ok()) {
    return made;
  }
  // The first line that fits a connection counts.
  if (absl::Status written = Run(absl::StrCat("sed -i \"1i local all ", user, " scram-sha-256\" ",
                                              folder_, "/data/pg_hba.conf"));
      !written.ok()) {
    return written;
  }
  // Read again on its own, the file would count from some moment on.
  if (absl::Status stopped = Kill(); !stopped.ok()) return stopped;
  return StartAgain();
}

}  // namespace postgres
