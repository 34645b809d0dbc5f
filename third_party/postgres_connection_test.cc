#include "third_party/postgres_connection.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace postgres {
namespace {

using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PublicNameTest, HasWhatTellsDatabasesApartAndNoPassword) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"postgresql://ann@db.example:5433/perf", "postgresql://ann@db.example:5433/perf"},
      {"postgres://ann:secret@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://ann:se%2Fcr%40et@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://ann:se?cret@db.example/perf", "postgresql://ann@db.example/perf"},
      {"postgresql://db.example/perf?user=ann&password=secret&sslpassword=secret",
       "postgresql://ann@db.example/perf"},
      {"postgresql:///perf?host=/run/postgresql", "postgresql:///perf?host=/run/postgresql"},
      {"postgresql://%2Frun%2Fpostgresql/perf", "postgresql:///perf?host=/run/postgresql"},
      {"postgresql://ann:secret@[::1]:5432/perf", "postgresql://ann@[::1]:5432/perf"},
      {"postgresql://ann:secret@one:5432,two:5433/perf", "postgresql://ann@one,two:5432,5433/perf"},
      {"postgresql://?service=team", "postgresql://?service=team"},
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
        "host=db password=secret", "mysql://ann:secret@db/perf"}) {
    const absl::StatusOr<std::string> name = PublicName(uri);
    EXPECT_THAT(name, StatusIs(absl::StatusCode::kInvalidArgument)) << uri;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr("postgresql://USER@HOST"));
    EXPECT_THAT(std::string(name.status().message()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace postgres
