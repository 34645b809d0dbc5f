// The page in a browser: with an agent that is made up, and with the server as people start it.
// What testing/*.mjs check is printed.
#include <cstddef>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/npm_packages.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/testing/run_command.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;

constexpr char kPage[] = "pipeline/door/page";
constexpr char kTesting[] = "pipeline/door/page/testing";

absl::StatusOr<std::string> Execute(const npm::Command& command) {
  return tools::mcp::RunToEnd(command, absl::Minutes(12));
}

void ExpectHolds(const std::vector<std::string>& words) {
  const absl::StatusOr<std::string> said = Execute({.words = words});
  EXPECT_THAT(said, IsOk());
  if (said.ok()) std::cout << *said;
}

std::string Script(absl::string_view name) { return absl::StrCat(kTesting, "/", name); }

class PageBrowserTest : public testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<std::string> packages = npm::InstallPackages(kTesting, Execute);
    if (!packages.ok()) GTEST_SKIP() << "SKIPPED: " << packages.status().message();
    modules_ = absl::StrCat(*packages, "/node_modules");
  }

  // False where there is no browser.
  bool FindChromium() {
    const absl::StatusOr<std::string> path = Execute({.words = {"which", "chromium"}});
    if (!path.ok()) return false;
    chromium_ = path->substr(0, path->find('\n'));
    return true;
  }

  // A file in which somebody asks what time it is after half a second, and is silent for a second.
  static std::string Question() {
    const std::string said = absl::StrCat(testing::TempDir(), "/said.wav");
    const absl::StatusOr<std::string> saying =
        Execute({.words = {"pipeline/testing/say", "what time is it", said}});
    EXPECT_THAT(saying, IsOk());
    absl::StatusOr<audio::Waveform> question = audio::ReadWav(said);
    if (!question.ok()) {
      ADD_FAILURE() << question.status().message();
      return "";
    }
    question->samples.insert(question->samples.begin(),
                             static_cast<size_t>(question->sample_rate_hz / 2), 0);
    std::string path = absl::StrCat(testing::TempDir(), "/question.wav");
    std::ofstream file(path, std::ios::binary);
    const absl::Status written = audio::WriteWav(*question, [&](absl::string_view bytes) {
      file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      return absl::OkStatus();
    });
    EXPECT_THAT(written, IsOk());
    file.close();
    return path;
  }

  std::string modules_;
  std::string chromium_;
};

constexpr char kNoChromium[] =
    "SKIPPED: there is no chromium; the Debian package of that name has it";

TEST_F(PageBrowserTest, WithAnAgentThatIsMadeUp) {
  if (!FindChromium()) GTEST_SKIP() << kNoChromium;
  ExpectHolds({"node", Script("browser_test.mjs"), modules_, chromium_, kPage, Question()});
}

TEST_F(PageBrowserTest, WithTheServer) {
  if (!FindChromium()) GTEST_SKIP() << kNoChromium;
  ExpectHolds({"node", Script("server_test.mjs"), modules_, chromium_, "pipeline/serve", Question(),
               testing::TempDir()});
}

}  // namespace
}  // namespace parlance::pipeline::door
