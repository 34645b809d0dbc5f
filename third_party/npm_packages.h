// Software of others for a test, installed by npm.
#ifndef THIRD_PARTY_NPM_PACKAGES_H_
#define THIRD_PARTY_NPM_PACKAGES_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace npm {

struct Command {
  // The program, sought in PATH, and its arguments.
  std::vector<std::string> words;
  // Variables in addition to this process's environment, or in place of what it has there.
  std::vector<std::pair<std::string, std::string>> variables = {};
  // The folder in which it starts; empty means the current one.
  std::string directory = {};
};

// Runs a program with nothing to read, and gives what it wrote, standard output and error. NotFound
// if there is no such program; another error, with what it wrote, if it did not end with exit code
// 0, or not in time. Each component brings its own.
using Runner = std::function<absl::StatusOr<std::string>(const Command&)>;

// Installs what the package.json and package-lock.json in the folder `source` name, once for all
// runs, and gives the folder that has node_modules: below the user's cache, or the test's own
// folder if that cannot be written. No script of a package is run. NotFound if node 20 or npm is
// not there; Unavailable if the packages cannot be had.
absl::StatusOr<std::string> InstallPackages(const std::string& source, const Runner& run);

}  // namespace npm

#endif  // THIRD_PARTY_NPM_PACKAGES_H_
