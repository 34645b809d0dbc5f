// GoogleTest matchers of absl::Status and absl::StatusOr, as newer versions of Abseil have them in
// absl/status/status_matchers.h, which is used where it is installed:
//
//   EXPECT_THAT(store.Append(message), IsOk());
//   EXPECT_THAT(Parse("x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1")));
//   EXPECT_THAT(Parse("1"), IsOkAndHolds(1));
#ifndef THIRD_PARTY_STATUS_MATCHERS_H_
#define THIRD_PARTY_STATUS_MATCHERS_H_

#if __has_include("absl/status/status_matchers.h")
#include "absl/status/status_matchers.h"  // IWYU pragma: export
#else

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace absl_testing {
namespace status_matchers_internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

}  // namespace status_matchers_internal

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  if (!status.ok()) *result_listener << "which is " << status.ToString();
  return status.ok();
}

MATCHER_P2(StatusIs, code, message,
           std::string(negation ? "is not an error " : "is an error ") +
               absl::StatusCodeToString(code) + " whose message " +
               testing::DescribeMatcher<std::string>(testing::MatcherCast<std::string>(message))) {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code && testing::Matches(testing::MatcherCast<std::string>(message))(
                                      std::string(status.message()));
}

MATCHER_P(StatusIs, code,
          std::string(negation ? "is not an error " : "is an error ") +
              absl::StatusCodeToString(code)) {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code;
}

MATCHER_P(IsOkAndHolds, value_matcher, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  using Value = typename std::decay_t<decltype(arg)>::value_type;
  return testing::ExplainMatchResult(testing::SafeMatcherCast<const Value&>(value_matcher), *arg,
                                     result_listener);
}

}  // namespace absl_testing

#endif

#endif  // THIRD_PARTY_STATUS_MATCHERS_H_
