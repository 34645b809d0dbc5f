#include "third_party/npm_packages.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace npm {
namespace {

namespace fs = std::filesystem;

// As npm has it: Bazel gives tests another HOME, in which npm's configuration is not.
std::string Home() {
  const passwd* const user = getpwuid(getuid());
  return user == nullptr ? "" : user->pw_dir;
}

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// FNV-1a: other packages get another folder.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// The folder for all packages of this test, which is there and can be written.
absl::StatusOr<fs::path> CacheFolder() {
  const char* const test_folder = std::getenv("TEST_TMPDIR");
  for (const std::string& parent :
       {absl::StrCat(Home(), "/.cache"), std::string(test_folder == nullptr ? "" : test_folder)}) {
    const fs::path folder = fs::path(parent) / "parlance-npm";
    std::error_code error;
    fs::create_directories(folder, error);
    if (access(folder.c_str(), W_OK) == 0) return folder;
  }
  return absl::UnavailableError("there is no folder to install packages in");
}

absl::Status CheckPrograms(const Runner& run) {
  const auto node = run({.words = {"node", "--version"}});
  if (!node.ok()) return absl::NotFoundError(node.status().message());
  // v20.1.0
  absl::string_view version = *node;
  int major = 0;
  if (!absl::ConsumePrefix(&version, "v") ||
      !absl::SimpleAtoi(version.substr(0, version.find('.')), &major) || major < 20) {
    return absl::NotFoundError(absl::StrCat("node 20 is needed, and this is ", *node));
  }
  const auto npm = run({.words = {"npm", "--version"}});
  return npm.ok() ? absl::OkStatus() : absl::NotFoundError(npm.status().message());
}

}  // namespace

absl::StatusOr<std::string> InstallPackages(const std::string& source, const Runner& run) {
  if (absl::Status there = CheckPrograms(run); !there.ok()) return there;
  const absl::StatusOr<fs::path> cache = CacheFolder();
  if (!cache.ok()) return cache.status();
  const std::string manifest = Contents(fs::path(source) / "package.json");
  const std::string lock = Contents(fs::path(source) / "package-lock.json");
  const fs::path folder = *cache / absl::StrFormat("%016x", Hash(manifest + lock));
  // Two tests at once install one after the other.
  const int lock_fd = open((*cache / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (lock_fd < 0 || flock(lock_fd, LOCK_EX) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot lock ", cache->string()));
  }
  absl::StatusOr<std::string> installed = folder.string();
  std::error_code error;
  if (!fs::exists(folder, error)) {
    // The folder gets its name only when it is complete.
    const fs::path partial = *cache / "partial";
    fs::remove_all(partial, error);
    fs::create_directories(partial, error);
    std::ofstream(partial / "package.json") << manifest;
    std::ofstream(partial / "package-lock.json") << lock;
    const auto npm = run({.words = {"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
                          .variables = {{"HOME", Home()}},
                          .directory = partial.string()});
    if (!npm.ok()) {
      installed = absl::UnavailableError(npm.status().message());
    } else {
      fs::rename(partial, folder, error);
      if (error) installed = absl::UnavailableError(error.message());
    }
  }
  close(lock_fd);
  return installed;
}

}  // namespace npm
