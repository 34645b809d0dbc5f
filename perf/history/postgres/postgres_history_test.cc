#include "perf/history/postgres/postgres_history.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/history/testing/history_contract.h"
#include "perf/history/testing/sample_run.h"
#include "perf/record/result.pb.h"
#include "third_party/postgres_connection.h"
#include "third_party/postgres_server.h"
#include "third_party/postgres_test_main.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// One for all tests: it takes a second to start.
postgres::Server* server = nullptr;

absl::StatusOr<std::unique_ptr<History>> OpenNamed(const std::string& name) {
  const absl::StatusOr<std::string> uri = server->Uri(name);
  if (!uri.ok()) return uri.status();
  return OpenPostgresHistory(*uri);
}

INSTANTIATE_TEST_SUITE_P(Postgres, HistoryContract,
                         testing::Values(HistoryKind{.open = OpenNamed}));

// What every message is.
MATCHER(IsOneLineWithoutPassword, "") {
  return !absl::StrContains(arg, "\n") && !absl::StrContains(arg, "secret");
}

// The same URI, of a user with that password.
std::string As(const std::string& user, const std::string& password, const std::string& uri) {
  return absl::StrReplaceAll(uri, {{"parlance@", absl::StrCat(user, ":", password, "@")}});
}

absl::Status Execute(const std::string& uri, const std::string& sql) {
  absl::StatusOr<postgres::Connection> connection = postgres::Connection::Open(uri, {});
  return connection.ok() ? connection->Execute(sql) : connection.status();
}

TEST(PostgresHistoryTest, SeveralMakeItsTablesAtTheSameTime) {
  const std::string uri = *server->Uri("made_by_several");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto history = OpenPostgresHistory(uri);
      ASSERT_THAT(history, IsOk());
      EXPECT_THAT((*history)->Add({DayRun(i, i)}), IsOkAndHolds(1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT((*(*OpenPostgresHistory(uri))->Series(""))[0].points, SizeIs(4));
}

// A language sorts otherwise: "a" before "B".
TEST(PostgresHistoryTest, SeriesAreOrderedAsBytesAreInADatabaseOfAnyLanguage) {
  ASSERT_THAT(Execute(*server->Uri("beside_english"),
                      "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE "
                      "'en-US'"),
              IsOk());
  const auto history = *OpenNamed("english");
  perf::Run run = DayRun(1, 10);
  *run.add_measurements() = run.measurements(0);
  run.mutable_measurements(0)->set_name("c.a");
  run.mutable_measurements(1)->set_name("c.B");
  ASSERT_THAT(history->Add({run}), IsOk());
  const auto series = history->Series("c.");
  ASSERT_THAT(series, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*series)[0].name, "c.B");
}

TEST(PostgresHistoryTest, ANewerVersionIsRefused) {
  const std::string uri = *server->Uri("newer");
  ASSERT_THAT(OpenPostgresHistory(uri), IsOk());
  ASSERT_THAT(Execute(uri, "UPDATE perf_history_schema SET version = 7"), IsOk());
  EXPECT_THAT(OpenPostgresHistory(uri),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("history ", *postgres::PublicName(uri),
                                    ": its tables have version 7, and this program knows up to 1; "
                                    "use a newer one")));
}

TEST(PostgresHistoryTest, ADatabaseThatCannotHaveEveryTextIsRefused) {
  const std::string beside = *server->Uri("beside_latin1");
  ASSERT_THAT(Execute(beside,
                      "CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE "
                      "template0"),
              IsOk());
  const std::string uri = *server->Uri("latin1");
  EXPECT_THAT(OpenPostgresHistory(uri),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("history ", *postgres::PublicName(uri),
                                    ": its database has the encoding LATIN1; make one with "
                                    "ENCODING 'UTF8'")));
}

// Runs what makes `perf_history_runs` call a function of this body before each run is added.
absl::Status BeforeEachRun(const std::string& uri, const std::string& body) {
  return Execute(uri,
                 absl::StrCat("CREATE FUNCTION before_run() RETURNS trigger AS $$ BEGIN ", body,
                              " RETURN NEW; END $$ LANGUAGE plpgsql; CREATE TRIGGER before_run "
                              "BEFORE INSERT ON perf_history_runs FOR EACH ROW EXECUTE "
                              "FUNCTION before_run()"));
}

TEST(PostgresHistoryTest, NoStatementWaitsForEver) {
  const std::string uri = *server->Uri("bounded");
  const auto history = OpenPostgresHistory(uri);
  ASSERT_THAT(history, IsOk());
  ASSERT_THAT(Execute(uri,
                      "CREATE TABLE seen (setting text); ALTER DATABASE bounded SET "
                      "default_transaction_isolation = 'serializable'"),
              IsOk());
  ASSERT_THAT(BeforeEachRun(uri,
                            "INSERT INTO seen SELECT string_agg(current_setting(name), ', ') "
                            "FROM unnest(ARRAY['statement_timeout', 'lock_timeout', "
                            "'idle_in_transaction_session_timeout', "
                            "'transaction_isolation']) AS name;"),
              IsOk());
  EXPECT_THAT((*OpenPostgresHistory(uri))->Add({DayRun(1, 10)}), IsOkAndHolds(1));
  // Connected again, it has them, too.
  ASSERT_THAT(server->Kill(), IsOk());
  ASSERT_THAT(server->StartAgain(), IsOk());
  EXPECT_THAT((*history)->Add({DayRun(2, 10)}), IsOkAndHolds(1));
  auto connection = *postgres::Connection::Open(uri, {});
  const auto rows = connection.QueryOnce("SELECT setting FROM seen", {});
  ASSERT_THAT(rows, IsOkAndHolds(testing::Property(&postgres::Rows::size, 2)));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(rows->Text(i, 0), "2min, 1min, 1min, read committed");
}

TEST(PostgresHistoryTest, WhatWasInAnothersWayIsTriedOnceMore) {
  const std::string uri = *server->Uri("in_the_way");
  const auto history = OpenPostgresHistory(uri);
  ASSERT_THAT(history, IsOk());
  // The sequence counts the tries, as it is not rolled back.
  ASSERT_THAT(Execute(uri, "CREATE SEQUENCE tries"), IsOk());
  ASSERT_THAT(BeforeEachRun(uri,
                            "IF nextval('tries') IN (1, 3, 4, 6) THEN RAISE 'in the way' "
                            "USING ERRCODE = CASE currval('tries') WHEN 6 THEN '55000' ELSE "
                            "'40001' END; END IF;"),
              IsOk());
  EXPECT_THAT((*history)->Add({DayRun(1, 10)}), IsOkAndHolds(1));
  EXPECT_THAT((*history)->Add({DayRun(2, 10)}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("in the way")));
  EXPECT_THAT((*history)->Add({DayRun(2, 10)}), IsOkAndHolds(1));
  // No other error is tried again.
  EXPECT_THAT((*history)->Add({DayRun(3, 10)}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT((*history)->Add({DayRun(3, 10)}), IsOkAndHolds(1));
}

// More keys than one statement has.
TEST(PostgresHistoryTest, FindsAnyNumberOfSeries) {
  const auto history = *OpenNamed("many_series");
  perf::Run run = DayRun(1, 10);
  for (int i = 0; i < 250; ++i) {
    *run.add_measurements() = run.measurements(0);
    run.mutable_measurements(i + 1)->set_name(absl::StrCat("audio.number_", i));
  }
  ASSERT_THAT(history->Add({run}), IsOkAndHolds(1));
  const std::vector<SeriesKey> keys = KeysOf(run);
  const auto found = history->Find(keys, absl::InfiniteFuture(), 3);
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(keys.size())));
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ((*found)[i].key(), keys[i]);
}

TEST(PostgresHistoryTest, WhatFailedLeavesNothing) {
  const std::string uri = *server->Uri("half");
  // One of its tables is in the way.
  ASSERT_THAT(Execute(uri, "CREATE TABLE perf_history_points (x int)"), IsOk());
  EXPECT_THAT(OpenPostgresHistory(uri),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("\"perf_history_points\" already exists"),
                             IsOneLineWithoutPassword())));
  ASSERT_THAT(Execute(uri, "DROP TABLE perf_history_points"), IsOk());
  EXPECT_THAT(OpenPostgresHistory(uri), IsOk());
}

TEST(PostgresHistoryTest, SaysWhyThereIsNoConnection) {
  const std::string uri = *server->Uri("guarded");
  const std::string socket = uri.substr(uri.find("?host="));
  const std::string no_host(64, 'h');
  ASSERT_THAT(server->AddUser("ann", "right_secret"), IsOk());
  struct Case {
    std::string uri;
    std::string message;
  };
  for (const auto& [location, message] : std::vector<Case>{
           {"postgresql://ann:secret@127.0.0.1:1/perf", "Connection refused"},
           {"postgresql://ann:secret@/perf?host=/no/such/folder", "No such file or directory"},
           // A name that is too long to ask a resolver for.
           {absl::StrCat("postgresql://ann:secret@", no_host, "/perf"), no_host},
           {As("ann", "wrong_secret", uri), "password authentication failed for user \"ann\""},
           {absl::StrCat("postgresql://ann:right_secret@/absent", socket),
            "database \"absent\" does not exist"},
           {absl::StrCat("postgresql://nobody:secret@/guarded", socket),
            "role \"nobody\" does not exist"}}) {
    EXPECT_THAT(OpenPostgresHistory(location),
                StatusIs(absl::StatusCode::kUnavailable,
                         AllOf(StartsWith("history postgresql://"), HasSubstr(message),
                               IsOneLineWithoutPassword())))
        << message;
  }
  EXPECT_THAT(OpenPostgresHistory("postgresql://ann:1/secret@db/perf"),
              StatusIs(absl::StatusCode::kInvalidArgument, IsOneLineWithoutPassword()));
}

TEST(PostgresHistoryTest, AServerThatDoesNotAnswerIsGivenUp) {
  // Connections are taken, by the kernel, and nobody says anything.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 10), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const absl::Time begin = absl::Now();
  const auto opened = OpenPostgresHistory(
      absl::StrCat("postgresql://ann:secret@127.0.0.1:", ntohs(address.sin_port), "/perf"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(60));
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kUnavailable,
                               AllOf(HasSubstr("timeout expired"), IsOneLineWithoutPassword())));
  close(listener);
}

TEST(PostgresHistoryTest, AUserNeedsNoMoreThanTheReadmeSays) {
  const std::string uri = *server->Uri("read_only");
  ASSERT_THAT(server->AddUser("reader", "reader_secret"), IsOk());
  const std::string as_reader = As("reader", "reader_secret", uri);
  EXPECT_THAT(OpenPostgresHistory(as_reader),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       AllOf(HasSubstr("permission denied"), IsOneLineWithoutPassword())));
  ASSERT_THAT((*OpenPostgresHistory(uri))->Add({DayRun(1, 10)}), IsOkAndHolds(1));
  ASSERT_THAT(Execute(uri, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"), IsOk());
  auto history = OpenPostgresHistory(as_reader);
  ASSERT_THAT(history, IsOk());
  EXPECT_THAT((*history)->Series(""), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT((*history)->Add({DayRun(2, 10)}),
              StatusIs(absl::StatusCode::kPermissionDenied, IsOneLineWithoutPassword()));
  ASSERT_THAT(Execute(uri, "GRANT INSERT ON ALL TABLES IN SCHEMA public TO reader"), IsOk());
  EXPECT_THAT((*history)->Add({DayRun(2, 10)}), IsOkAndHolds(1));
}

TEST(PostgresHistoryTest, AddsThoughTheServerWasStartedAnew) {
  const auto history = *OpenNamed("restarted");
  ASSERT_THAT(history->Add({DayRun(1, 10)}), IsOkAndHolds(1));
  ASSERT_THAT(server->Kill(), IsOk());
  EXPECT_THAT(history->Add({DayRun(2, 10)}),
              StatusIs(absl::StatusCode::kUnavailable, IsOneLineWithoutPassword()));
  ASSERT_THAT(server->StartAgain(), IsOk());
  EXPECT_THAT(history->Add({DayRun(1, 10), DayRun(2, 10)}), IsOkAndHolds(1));
}

// What the README says of it.
TEST(PostgresHistoryTest, SamplesCanBeReadWithSql) {
  const std::string uri = *server->Uri("samples");
  perf::Run run = DayRun(1, 10);
  run.mutable_measurements(0)->clear_samples();
  for (const double sample : {0.1, 2.5, -1e300, 1e-45}) {
    run.mutable_measurements(0)->add_samples(sample);
  }
  ASSERT_THAT((*OpenPostgresHistory(uri))->Add({run}), IsOkAndHolds(1));
  auto connection = *postgres::Connection::Open(uri, {});
  const auto rows = connection.QueryOnce(
      "SELECT name, started_ns, median, samples FROM perf_history_points JOIN perf_history_series "
      "ON series = id",
      {});
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->Text(0, 0), "audio.vad.process_1s");
  EXPECT_EQ(rows->Text(0, 3), "{0.1,2.5,-Infinity,1e-45}");
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) { return postgres::RunTestsWithServer(argc, argv, &perf::server); }
