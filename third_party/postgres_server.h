// A PostgreSQL server of a test's own: on a socket in a temporary folder, gone with the test.
#ifndef THIRD_PARTY_POSTGRES_SERVER_H_
#define THIRD_PARTY_POSTGRES_SERVER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace postgres {

// One thread at a time.
class Server {
 public:
  // Takes a second or two. NotFound if Debian's postgresql-15 is not installed; FailedPrecondition
  // if it cannot run here, such as for want of a user that is not root.
  static absl::StatusOr<std::unique_ptr<Server>> Start();
  // Stops the server and removes its folder.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The URI of a new, empty database; the same one for the same name, which has lower-case letters,
  // digits and underscores.
  absl::StatusOr<std::string> Uri(const std::string& database);

  // Makes a user that the server asks for this password; both have only such characters, too. The
  // server is ended and started again.
  absl::Status AddUser(const std::string& user, const std::string& password);

  // Ends the server as a crash would, and starts it again.
  absl::Status Kill();
  absl::Status StartAgain();

 private:
  explicit Server(std::string folder) : folder_(std::move(folder)) {}

  std::string UriOf(const std::string& database) const;

  std::string folder_;
};

}  // namespace postgres

#endif  // THIRD_PARTY_POSTGRES_SERVER_H_
