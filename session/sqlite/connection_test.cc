#include "session/sqlite/connection.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/sqlite/database.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::HasSubstr;

struct Statements {
  Preparer prepare;
  Statement one = prepare("SELECT 1");
  Statement two = prepare("SELECT 2");
};

struct WrongStatements {
  Preparer prepare;
  Statement one = prepare("SELECT 1");
  Statement first_mistake = prepare("SELECT FROM missing_column");
  Statement second_mistake = prepare("SELECT * FROM missing_table");
};

TEST(ConnectionTest, AStatementIsTheMemberThatNamesIt) {
  absl::StatusOr<Database> database = Database::Open(":memory:", {});
  ASSERT_THAT(database, IsOk());
  absl::StatusOr<Connection<Statements>> created =
      Connection<Statements>::Create(*std::move(database));
  ASSERT_THAT(created, IsOk());
  // Statements stay good when the connection moves, as it does into a pool of readers.
  Connection<Statements> connection = *std::move(created);
  Statement& two = connection.statements().two;
  EXPECT_THAT(two.Step(), IsOkAndHolds(true));
  EXPECT_EQ(two.Integer(0), 2);
  Statement& one = connection.statements().one;
  EXPECT_THAT(one.Step(), IsOkAndHolds(true));
  EXPECT_EQ(one.Integer(0), 1);
}

TEST(ConnectionTest, TheFirstStatementThatCannotBePreparedIsTheError) {
  absl::StatusOr<Database> database = Database::Open(":memory:", {});
  ASSERT_THAT(database, IsOk());
  EXPECT_THAT(Connection<WrongStatements>::Create(*std::move(database)).status(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("near \"FROM\"")));
}

}  // namespace
}  // namespace parlance::session
