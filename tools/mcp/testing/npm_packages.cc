#include "tools/mcp/testing/npm_packages.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "tools/process/child_process.h"

namespace parlance::tools::mcp {
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
    const fs::path folder = fs::path(parent) / "parlance-mcp-npm";
    std::error_code error;
    fs::create_directories(folder, error);
    if (access(folder.c_str(), W_OK) == 0) return folder;
  }
  return absl::UnavailableError("there is no folder to install packages in");
}

absl::Status CheckPrograms() {
  const auto node = RunCommand({"node", "--version"}, absl::Seconds(60));
  if (!node.ok()) return absl::NotFoundError(node.status().message());
  // v20.1.0
  absl::string_view version = node->output;
  int major = 0;
  if (!absl::ConsumePrefix(&version, "v") ||
      !absl::SimpleAtoi(version.substr(0, version.find('.')), &major) || major < 20) {
    return absl::NotFoundError(absl::StrCat("node 20 is needed, and this is ", node->output));
  }
  const auto npm = RunCommand({"npm", "--version"}, absl::Seconds(60));
  return npm.ok() ? absl::OkStatus() : absl::NotFoundError(npm.status().message());
}

}  // namespace

absl::StatusOr<CommandResult> RunCommand(
    const std::vector<std::string>& words, absl::Duration timeout,
    const std::vector<std::pair<std::string, std::string>>& environment,
    const std::string& directory) {
  ChildProcessOptions options;
  options.words = {
      "sh", "-c", "command -v \"$0\" > /dev/null || exit 127; exec \"$0\" \"$@\" 2>&1 < /dev/null"};
  options.words.insert(options.words.end(), words.begin(), words.end());
  options.environment = environment;
  options.directory = directory;
  auto child = ChildProcess::Start(options);
  if (!child.ok()) return child.status();
  const absl::Time deadline = absl::Now() + timeout;
  CommandResult result;
  for (;;) {
    pollfd readable = {.fd = (*child)->stdout_fd(), .events = POLLIN, .revents = 0};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) {
      return absl::DeadlineExceededError(
          absl::StrCat(words[0], " did not end; it said: ", result.output));
    }
    std::array<char, 4096> buffer;
    const ssize_t count = read(readable.fd, buffer.data(), buffer.size());
    if (count == 0) break;
    if (count > 0) result.output.append(buffer.data(), static_cast<size_t>(count));
  }
  (*child)->WaitForExit(absl::Seconds(60));
  result.state = (*child)->state().ToString();
  if (result.state == "exited with status 127") {
    return absl::NotFoundError(absl::StrCat("there is no program '", words[0], "'"));
  }
  return result;
}

absl::StatusOr<std::string> InstallNpmPackages(const std::string& source) {
  if (absl::Status there = CheckPrograms(); !there.ok()) return there;
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
    const auto npm = RunCommand({"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
                                absl::Minutes(8), {{"HOME", Home()}}, partial.string());
    if (!npm.ok()) {
      installed = absl::UnavailableError(npm.status().message());
    } else if (npm->state != "exited with status 0") {
      installed = absl::UnavailableError(absl::StrCat("npm ci ", npm->state, ": ", npm->output));
    } else {
      fs::rename(partial, folder, error);
      if (error) installed = absl::UnavailableError(error.message());
    }
  }
  close(lock_fd);
  return installed;
}

}  // namespace parlance::tools::mcp
