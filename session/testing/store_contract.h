// What every store does, whatever keeps it: the same tests run against each.
//
// A test of a store instantiates StoreContract with how to open it:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(StoreKind{…}));
#ifndef SESSION_TESTING_STORE_CONTRACT_H_
#define SESSION_TESTING_STORE_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "session/store.h"

namespace parlance::session {

struct StoreContractOptions {
  std::function<absl::Time()> now = absl::Now;
  size_t max_message_bytes = size_t{16} << 20;
};

struct StoreKind {
  // Opens the store of this name, and makes it if it is not there.
  std::function<absl::StatusOr<std::unique_ptr<SessionStore>>(const std::string& name,
                                                              const StoreContractOptions& options)>
      open;
  // Whether text may have a NUL.
  bool keeps_nul = true;
};

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  // The same one each time in a test, and another in each test.
  std::unique_ptr<SessionStore> Open(const StoreContractOptions& options = {});
  static std::string NewSession(SessionStore& store);
};

}  // namespace parlance::session

#endif  // SESSION_TESTING_STORE_CONTRACT_H_
