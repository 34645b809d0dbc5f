// A PostgreSQL server of a test's own: on a socket in a temporary folder, gone with the test.
#ifndef SESSION_POSTGRES_TESTING_POSTGRES_SERVER_H_
#define SESSION_POSTGRES_TESTING_POSTGRES_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parlance::session {

// One thread at a time.
class PostgresServer {
 public:
  // Takes a second or two. NotFound if Debian's postgresql-15 is not installed; FailedPrecondition
  // if it cannot run here, such as for want of a user that is not root.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start();
  // Stops the server and removes its folder.
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The URI of a new, empty database; the same one for the same name, which has lower-case letters,
  // digits and underscores.
  absl::StatusOr<std::string> Uri(const std::string& database);

  // Ends the server as a crash would, and starts it again.
  absl::Status Kill();
  absl::Status StartAgain();

 private:
  explicit PostgresServer(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
};

}  // namespace parlance::session

#endif  // SESSION_POSTGRES_TESTING_POSTGRES_SERVER_H_
