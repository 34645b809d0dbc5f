#include "session/postgres/testing/postgres_server.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace parlance::session {
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

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  if (!std::filesystem::exists(absl::StrCat(kPrograms, "initdb"))) {
    return absl::NotFoundError("Debian's package postgresql-15 is not installed");
  }
  // Not the test's own folder: a socket's path has at most 107 characters, and the server's user
  // has to get there.
  std::string folder = "/tmp/parlance_postgres_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError("cannot make a folder in /tmp");
  std::unique_ptr<PostgresServer> server(new PostgresServer(folder));
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

absl::Status PostgresServer::StartAgain() {
  return Run(absl::StrCat(kPrograms, "pg_ctl -D ", folder_, "/data -w -s -l ", folder_,
                          "/log -o \"-k ", folder_, " -c listen_addresses=\" start"));
}

absl::Status PostgresServer::Kill() {
  return Run(absl::StrCat(kPrograms, "pg_ctl -D ", folder_, "/data -w -s -m immediate stop"));
}

PostgresServer::~PostgresServer() {
  Kill().IgnoreError();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::string> PostgresServer::Uri(const std::string& database) {
  const auto uri = [&](const std::string& name) {
    return absl::StrCat("postgresql://parlance@/", name, "?host=", folder_);
  };
  PGconn* connection = PQconnectdb(uri("postgres").c_str());
  PGresult* result = PQexec(connection, absl::StrCat("CREATE DATABASE ", database).c_str());
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string error =
      PQresultStatus(result) == PGRES_COMMAND_OK ||
              (state != nullptr && std::string(state) == "42P04")  // It is there already.
          ? ""
          : PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (!error.empty()) return absl::InternalError(error);
  return uri(database);
}

}  // namespace parlance::session
