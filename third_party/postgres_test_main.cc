#include "third_party/postgres_test_main.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace postgres {

int RunTestsWithServer(int argc, char** argv, Server** server, const std::string& without) {
  testing::InitGoogleTest(&argc, argv);
  absl::StatusOr<std::unique_ptr<Server>> started = Server::Start();
  if (absl::IsNotFound(started.status())) {
    std::cout << "SKIPPED: " << started.status().message() << std::endl;
    if (without.empty()) return 0;
    GTEST_FLAG_SET(filter, without);
    return RUN_ALL_TESTS();
  }
  if (!started.ok()) {
    std::cout << started.status() << std::endl;
    return 1;
  }
  *server = started->get();
  const int result = RUN_ALL_TESTS();
  started->reset();
  return result;
}

}  // namespace postgres
