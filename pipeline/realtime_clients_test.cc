// The server, spoken to by clients that others wrote, in the versions of
// testing/realtime_clients/package.json, with nothing but its URL changed. What they say is
// printed.
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "audio/signal/resampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/net/testing/test_certificate.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/synthesizer.h"
#include "pipeline/testing/running_program.h"
#include "third_party/npm_packages.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/testing/run_command.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr char kScripts[] = "pipeline/testing/realtime_clients";
// What the clients send.
constexpr int kSampleRateHz = 24000;

std::string Folder() { return testing::TempDir(); }

absl::StatusOr<std::string> Execute(const npm::Command& command) {
  return tools::mcp::RunToEnd(command, absl::Minutes(12));
}

// `serve` with a store of its own, at a free port.
class Server {
 public:
  explicit Server(const std::string& name, std::vector<std::string> flags = {}) {
    std::vector<std::string> words = {"pipeline/serve", "--port", "0", "--db", Database(name)};
    words.insert(words.end(), flags.begin(), flags.end());
    absl::StatusOr<std::unique_ptr<RunningProgram>> started = RunningProgram::Start(words);
    if (!started.ok()) return;
    program_ = *std::move(started);
    absl::string_view line = line_ = program_->ReadLine();
    if (!absl::ConsumePrefix(&line, "Talk to the agent at ")) return;
    url_ = std::string(absl::StripSuffix(line, "/"));
  }
  // Ends it as its operators do.
  int End() { return program_ == nullptr ? -1 : program_->End(SIGTERM); }

  // Empty if it did not start.
  const std::string& url() const { return url_; }
  // Where WebSockets are spoken.
  std::string realtime() const {
    return absl::StrCat(absl::StrReplaceAll(url_, {{"http", "ws"}}), "/v1/realtime");
  }
  static std::string Database(const std::string& name) {
    return absl::StrCat(Folder(), "/", name, ".db");
  }

 private:
  std::unique_ptr<RunningProgram> program_;
  std::string line_;
  std::string url_;
};

// Writes what a voice says, as a client sends it.
void WriteSpeech(const std::string& text, const std::string& name) {
  const auto voice = CreateFliteSynthesizer("kal16");
  ASSERT_THAT(voice, IsOk());
  std::vector<int16_t> said;
  ASSERT_THAT((*voice)->Synthesize(text,
                                   [&](const SpeechChunk& chunk) {
                                     said.insert(said.end(), chunk.samples.begin(),
                                                 chunk.samples.end());
                                     return true;
                                   }),
              IsOk());
  const auto samples = audio::Resample(said, (*voice)->sample_rate_hz(), kSampleRateHz);
  ASSERT_THAT(samples, IsOk());
  std::ofstream file(absl::StrCat(Folder(), "/", name), std::ios::binary);
  for (const int16_t sample : *samples) {
    file.put(static_cast<char>(sample & 0xFF)).put(static_cast<char>(sample >> 8));
  }
  file.close();
  ASSERT_TRUE(file.good()) << name;
}

// Notes that take a minute to read out.
void WriteNotes(const std::string& database) {
  const std::string path = absl::StrCat(Folder(), "/notes.jsonl");
  std::ofstream file(path);
  file << R"({"type":"session","id":"notes","title":"Notes","created":"2026-01-01T00:00:00Z"})"
       << "\n";
  for (int i = 1; i <= 40; ++i) {
    file << R"({"type":"message","role":"developer","name":"note","content":"call the school",)"
         << R"("sequence":)" << i << "}\n";
  }
  file.close();
  const auto imported = Execute({.words = {"session/sessions", "import", path, "--db", database}});
  ASSERT_THAT(imported, IsOk());
}

class RealtimeClientsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto packages = npm::InstallPackages(kScripts, Execute);
    if (packages.ok()) {
      modules_ = absl::StrCat(*packages, "/node_modules");
    } else {
      missing_ = std::string(packages.status().message());
    }
  }

  // Runs a script, prints what it says, and expects that everything held.
  static void ExpectHeld(std::vector<std::string> words) {
    const absl::StatusOr<std::string> said = Execute({.words = std::move(words)});
    EXPECT_THAT(said, IsOk());
    if (said.ok()) std::cout << *said << std::flush;
  }
  static void ExpectScriptHeld(const std::string& script, std::vector<std::string> arguments) {
    std::vector<std::string> words = {"node", absl::StrCat(kScripts, "/", script), modules_};
    words.insert(words.end(), arguments.begin(), arguments.end());
    ExpectHeld(std::move(words));
  }

  static std::string modules_;
  static std::string missing_;
};

std::string RealtimeClientsTest::modules_;
std::string RealtimeClientsTest::missing_;

TEST_F(RealtimeClientsTest, AgentsSdkTalksAndInterrupts) {
  if (!missing_.empty()) GTEST_SKIP() << "SKIPPED: " << missing_;
  WriteSpeech("what time is it", "time.pcm");
  WriteSpeech("read my notes", "notes.pcm");
  WriteNotes(Server::Database("agents"));
  Server server("agents");
  ASSERT_NE(server.url(), "");
  ExpectScriptHeld("agents_realtime_test.mjs", {server.realtime(), Folder()});
  EXPECT_EQ(server.End(), 0);
}

TEST_F(RealtimeClientsTest, OpenAiClientSpeaksTls) {
  if (!missing_.empty()) GTEST_SKIP() << "SKIPPED: " << missing_;
  const door::TestCertificate certificate = door::MakeTestCertificate(Folder(), "openai");
  Server server("openai",
                {"--certificate", certificate.certificate_file, "--key", certificate.key_file});
  ASSERT_THAT(server.url(), testing::StartsWith("https://"));
  ExpectScriptHeld("openai_test.mjs",
                   {absl::StrCat(server.url(), "/v1"), certificate.certificate_file});
  EXPECT_EQ(server.End(), 0);
}

TEST_F(RealtimeClientsTest, WsSendsWhatItMayAndMayNot) {
  if (!missing_.empty()) GTEST_SKIP() << "SKIPPED: " << missing_;
  Server server("ws");
  ASSERT_NE(server.url(), "");
  ExpectScriptHeld("ws_test.mjs", {server.realtime(), absl::StrCat(server.url(), "/metrics")});
  EXPECT_EQ(server.End(), 0);
}

TEST_F(RealtimeClientsTest, PythonWebsocketsTalks) {
  if (!Execute({.words = {"python3", "-c", "import websockets"}}).ok()) {
    GTEST_SKIP() << "SKIPPED: there is no websockets for python3; the Debian package "
                    "python3-websockets has it";
  }
  Server server("websockets");
  ASSERT_NE(server.url(), "");
  ExpectHeld({"python3", absl::StrCat(kScripts, "/websockets_test.py"), server.realtime()});
  EXPECT_EQ(server.End(), 0);
}

}  // namespace
}  // namespace parlance::pipeline
