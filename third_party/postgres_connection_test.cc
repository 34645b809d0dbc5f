#include "third_party/postgres_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/postgres_server.h"
#include "third_party/postgres_test_main.h"
#include "third_party/status_matchers.h"

namespace postgres {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PublicNameTest, HasWhatTellsDatabasesApartAndNoPassword) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"postgresql://ann@db.example:5433/perf", "postgresql://ann@db.example:5433/perf"},
      {"postgres://ann:secret@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://ann:se%2Fcr%40et@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://ann:se%3Fcret@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://db.example/perf?user=ann&password=secret&sslpassword=secret",
       "postgresql://ann@db.example/perf"},
      {"postgresql:///perf?host=/run/postgresql", "postgresql:///perf?host=/run/postgresql"},
      {"postgresql://%2Frun%2Fpostgresql/perf", "postgresql:///perf?host=/run/postgresql"},
      {"postgresql://ann:secret@[::1]:5432/perf", "postgresql://ann@[::1]:5432/perf"},
      {"postgresql://ann:secret@one:5432,two:5433/perf", "postgresql://ann@one,two:5432,5433/perf"},
      {"postgresql://?service=team", "postgresql://?service=team"},
      {"postgresql://db/perf?hostaddr=10.0.0.1&password=secret",
       "postgresql://db/perf?hostaddr=10.0.0.1"},
      {"postgresql:///perf?host=/run/postgresql&service=team",
       "postgresql:///perf?host=/run/postgresql&service=team"},
      {"postgresql://", "postgresql://"},
  };
  for (const auto& [uri, name] : cases) EXPECT_THAT(PublicName(uri), IsOkAndHolds(name)) << uri;
}

// libpq takes a part of these passwords for a host, a port, a database or an option.
TEST(PublicNameTest, RefusesWhatWouldShowAPartOfAPassword) {
  for (const char* uri :
       {"postgresql://ann:12/secret@db/perf", "postgresql://ann:1@secret@db/perf",
        "postgresql://ann:secret/secret", "postgresql://ann:12?1@secret@db/perf",
        "postgresql://ann:%secret@db/perf", "postgresql://ann:12/secret@db?x=secret",
        "postgresql://ann:se?cret@db.example/perf",
        "postgresql://db?user=ann@corp.example&password=secret",
        "postgresql://?host=db&user=a@b&password=secret",
        "postgresql://db:5432?user=a@b&password=secret", "postgresql://db/perf&password=secret",
        "postgresql://db/perf%3Fpassword=secret", "postgresql://ann&password=secret@db/perf",
        "postgresql://db&password=secret/perf", "postgresql://db/perf%0Asecret",
        "postgresql://db?service=a%26password=secret", "host=db password=secret",
        "mysql://ann:secret@db/perf"}) {
    const absl::StatusOr<std::string> name = PublicName(uri);
    EXPECT_THAT(name, StatusIs(absl::StatusCode::kInvalidArgument)) << uri;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr("postgresql://USER@HOST"));
    EXPECT_THAT(std::string(name.status().message()), Not(HasSubstr("secret")));
  }
}

// One for all tests: it takes a second to start.
Server* server = nullptr;

absl::StatusOr<Connection> OpenImpatient(absl::Duration patience) {
  const absl::StatusOr<std::string> uri = server->Uri("impatient");
  if (!uri.ok()) return uri.status();
  return Connection::Open(
      *uri, {}, {.session_sql = "SET application_name = 'impatient'", .patience = patience});
}

TEST(ConnectionTest, AnAnswerThatDoesNotComeIsGivenUp) {
  absl::StatusOr<Connection> connection = OpenImpatient(absl::Seconds(1));
  ASSERT_THAT(connection, IsOk());
  EXPECT_THAT(connection->QueryOnce("SELECT pg_sleep(600)", {}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("did not answer within 1s")));
  EXPECT_FALSE(connection->IsOpen());
  EXPECT_THAT(connection->Execute("SELECT 1"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("was given up")));
  ASSERT_THAT(connection->EnsureOpen(), IsOk());
  EXPECT_TRUE(connection->IsOpen());
  // With the settings of the session, which are the new one's, too.
  const absl::StatusOr<Rows> name = connection->QueryOnce("SHOW application_name", {});
  ASSERT_THAT(name, IsOk());
  EXPECT_EQ(name->Text(0, 0), "impatient");
}

TEST(ConnectionTest, AStoppedServerIsGivenUp) {
  absl::StatusOr<Connection> connection = OpenImpatient(absl::Seconds(1));
  ASSERT_THAT(connection, IsOk());
  for (const bool is_large : {false, true}) {
    const absl::StatusOr<Rows> rows = connection->QueryOnce("SELECT pg_backend_pid()", {});
    ASSERT_THAT(rows, IsOk());
    const auto pid = static_cast<pid_t>(rows->Integer(0, 0));
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    const auto go_on = absl::MakeCleanup([&] { kill(pid, SIGCONT); });
    // The large one does not leave this machine, as nobody reads it.
    const absl::StatusOr<Rows> answer = connection->QueryOnce(
        "SELECT length($1::text)", {std::string(is_large ? 50'000'000 : 5, 'x')});
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("did not answer")));
    EXPECT_FALSE(connection->IsOpen());
    ASSERT_THAT(connection->EnsureOpen(), IsOk());
  }
}

// It was waited for without an end.
TEST(SilentServerTest, IsGivenUp) {
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(silent, 0);
  const auto close_it = absl::MakeCleanup([&] { close(silent); });
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent, 1), 0);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string uri =
      "postgresql://somebody@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) +
      "/nothing?sslmode=disable";
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Connection::Open(uri, {}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("timeout expired")));
  EXPECT_GT(absl::Now() - begin, absl::Seconds(5));
  // What the URI says counts.
  EXPECT_THAT(Connection::Open(uri + "&connect_timeout=2", {}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("timeout expired")));
}

TEST(ConnectionTest, AnswersOfAnySizeArrive) {
  absl::StatusOr<Connection> connection = OpenImpatient(absl::InfiniteDuration());
  ASSERT_THAT(connection, IsOk());
  const absl::StatusOr<Rows> rows = connection->QueryOnce(
      "SELECT repeat($1::text, 2), length($1::text)", {std::string(8'000'000, 'x')});
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->Text(0, 0).size(), 16'000'000u);
  EXPECT_EQ(rows->Integer(0, 1), 8'000'000);
  // The last of several statements counts, and the first error.
  const absl::Status failed = connection->Execute("SELECT 1; SELECT 1 / 0; SELECT 2");
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("division by zero")));
  EXPECT_EQ(connection->last_sqlstate(), "22012");
  EXPECT_THAT(connection->Execute("SELECT 1"), IsOk());
  EXPECT_EQ(connection->last_sqlstate(), "");
}

}  // namespace
}  // namespace postgres

int main(int argc, char** argv) {
  return postgres::RunTestsWithServer(argc, argv, &postgres::server, "-ConnectionTest.*");
}
