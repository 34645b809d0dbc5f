#include "tools/process/process_tool.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

// Tools that are shell scripts.
class ProcessToolTest : public testing::Test {
 protected:
  ProcessToolTest()
      : directory_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                                testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(directory_);
    executor_ = *ToolExecutor::Create(&registry_, {.first_pause = absl::Milliseconds(1)});
  }

  void Register(const std::string& name, const std::string& script, ProcessToolOptions options = {},
                int max_attempts = 1) {
    options.words = {"/bin/sh", "-c", script};
    options.directory = directory_;
    const absl::Status registered =
        registry_.Register({.name = name,
                            .description = "For tests.",
                            .parameters = "{}",
                            .annotations = {.idempotent = max_attempts > 1},
                            .max_attempts = max_attempts,
                            .handler = ProcessHandler(std::move(options))});
    ASSERT_THAT(registered, IsOk());
  }

  std::string Call(const std::string& name, const std::string& arguments = "{}",
                   absl::Duration timeout = absl::Seconds(100)) {
    const ToolResult result = executor_->Execute(name, arguments, timeout);
    if (const auto* error = std::get_if<ToolError>(&result)) {
      return absl::StrCat(ToolErrorName(error->kind), ": ", error->message);
    }
    return std::get<ToolOutput>(result).text;
  }

  // The number that a script has left in a file.
  int WaitForPid(const std::string& file) const {
    for (;;) {
      int pid = 0;
      if (std::ifstream(absl::StrCat(directory_, "/", file)) >> pid) return pid;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // Killed, and not only about to be. A zombie that somebody else has to bury is dead.
  static bool IsGone(int pid) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string line;
    std::getline(file, line);
    return line.empty() || absl::StrContains(line, ") Z ");
  }
  static void WaitUntilGone(int pid) {
    while (!IsGone(pid)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  const std::string directory_;
  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
};

TEST_F(ProcessToolTest, GetsItsArgumentsAndGivesItsResult) {
  Register("echo", "cat");
  EXPECT_EQ(Call("echo", R"({"a":[1,"zwei"]})"), R"({"a":[1,"zwei"]})");
  EXPECT_EQ(Call("echo", R"({"text":"said aloud","a":1})"), "said aloud");
  // More than a pipe holds, both ways at once.
  const std::string long_text(60000, 'x');
  EXPECT_EQ(Call("echo", absl::StrCat(R"({"text":")", long_text, "\"}")), long_text);
  Register("ignores", R"(echo '{"text":"arguments?"}')");
  EXPECT_EQ(Call("ignores", absl::StrCat(R"({"text":")", long_text, "\"}")), "arguments?");
}

TEST_F(ProcessToolTest, SaysWhyItFailed) {
  Register("fails", "echo working >&2; echo 'no such city' >&2; exit 3");
  EXPECT_EQ(Call("fails"), "failed: the program exited with status 3: no such city");
  Register("killed", "kill -9 $$");
  EXPECT_EQ(Call("killed"), "unavailable: the program was ended by signal 9");
  Register("chatters", "echo hello");
  EXPECT_EQ(Call("chatters"),
            "unavailable: the program's result is not JSON: at byte 0 (line 1): Invalid value. "
            "JSON has no "
            "hello.");
  Register("silent", "exit 0");
  EXPECT_THAT(Call("silent"), StartsWith("unavailable: the program's result is not JSON"));
  for (const bool with_limits : {false, true}) {
    ProcessToolOptions options{.words = {"/no/such/program"}};
    if (!with_limits) options.limits = {};
    ASSERT_THAT(registry_.Register({.name = with_limits ? "missing_limited" : "missing",
                                    .description = "For tests.",
                                    .parameters = "{}",
                                    .handler = ProcessHandler(options)}),
                IsOk());
    EXPECT_THAT(Call(with_limits ? "missing_limited" : "missing"),
                StartsWith("unavailable: cannot start '/no/such/program'"));
  }
}

TEST_F(ProcessToolTest, AProgramThatCannotBeStartedIsNoAnswerOfIt) {
  const auto write = [&](const std::string& name, absl::string_view text, bool is_executable) {
    const std::string path = absl::StrCat(directory_, "/", name);
    std::ofstream(path, std::ios::binary) << text;
    std::filesystem::permissions(path, std::filesystem::perms(is_executable ? 0700 : 0600));
    return path;
  };
  const struct {
    std::string program;
    const char* reason;
  } kCases[] = {
      {directory_, "Permission denied"},
      {write("plain", "echo 1", false), "Permission denied"},
      {write("bad_elf",
             absl::string_view("\x7f"
                               "ELF\0\0",
                               6),
             true),
       "Exec format error"},
      {write("no_interpreter", "#!/no/such/interpreter\n", true), "no such program or interpreter"},
      {"no_such_program_in_path", "no such program or interpreter"},
  };
  for (const auto& [program, reason] : kCases) {
    for (const bool with_limits : {false, true}) {
      ProcessToolOptions options{.words = {program}};
      if (!with_limits) options.limits = {};
      const std::string name = absl::StrCat("tool_", registry_.List().size());
      ASSERT_THAT(registry_.Register({.name = name,
                                      .description = "For tests.",
                                      .parameters = "{}",
                                      .handler = ProcessHandler(options)}),
                  IsOk());
      EXPECT_EQ(Call(name), absl::StrCat("unavailable: cannot start '", program, "': ", reason));
    }
  }
  // The same statuses are an answer when they are a program's own.
  Register("says_126", "exit 126");
  EXPECT_EQ(Call("says_126"), "failed: the program exited with status 126");
  Register("says_127", "exit 127");
  EXPECT_EQ(Call("says_127"), "failed: the program exited with status 127");
}

TEST_F(ProcessToolTest, AScriptWithoutAnInterpretersLineIsRunByAShell) {
  const std::string path = absl::StrCat(directory_, "/script");
  std::ofstream(path) << "echo \"\\\"$1\\\"\"\n";
  std::filesystem::permissions(path, std::filesystem::perms(0700));
  ASSERT_THAT(registry_.Register({.name = "script",
                                  .description = "For tests.",
                                  .parameters = "{}",
                                  .handler = ProcessHandler({.words = {path, "first"}})}),
              IsOk());
  EXPECT_EQ(Call("script"), "\"first\"");
}

TEST_F(ProcessToolTest, ANulInACommandDoesNotRunAnotherCommand) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{std::string("/bin/echo\0x", 11), "1"},
        std::vector<std::string>{"/bin/echo", std::string("1\0x", 3)}}) {
    EXPECT_THAT(ChildProcess::Start({.words = words}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has a NUL")));
  }
  EXPECT_THAT(ChildProcess::Start({.words = {"/bin/echo"}, .directory = std::string("/\0x", 3)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has a NUL")));
  EXPECT_THAT(
      ChildProcess::Start({.words = {"/bin/echo"}, .environment = {{"A", std::string("1\0x", 3)}}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has a NUL")));
}

TEST_F(ProcessToolTest, WhatAProgramStartedIsNotWaitedForWhenItHasEnded) {
  Register("answers", "sleep 1000 & echo $! > left; echo 1");
  EXPECT_EQ(Call("answers", "{}", absl::Seconds(20)), "1");
  WaitUntilGone(WaitForPid("left"));
  Register("fails", "sleep 1000 & echo 'no such city' >&2; exit 3");
  EXPECT_EQ(Call("fails", "{}", absl::Seconds(20)),
            "failed: the program exited with status 3: no such city");
  Register("floods_after", "(while :; do echo 1 >&2; done) & echo 1");
  EXPECT_EQ(Call("floods_after", "{}", absl::Seconds(20)), "1");
}

TEST_F(ProcessToolTest, ATemporaryFailureIsTriedAgain) {
  Register("busy", "if [ -e tried ]; then echo '\"done\"'; else touch tried; exit 75; fi", {}, 2);
  EXPECT_EQ(Call("busy"), "\"done\"");
  Register("busy_once", "echo busy >&2; exit 75");
  EXPECT_EQ(Call("busy_once"), "unavailable: the program exited with status 75: busy");
}

TEST_F(ProcessToolTest, LimitsHold) {
  Register("burns", "while :; do :; done", {.limits = {.cpu_seconds = 1}});
  EXPECT_EQ(Call("burns"), "unavailable: the program used more than 1 s of processor time");
  Register("writes", "head -c 100000 /dev/zero > big; ls -l big >&2; exit 1",
           {.limits = {.file_bytes = 8192}});
  Call("writes");
  EXPECT_EQ(std::filesystem::file_size(absl::StrCat(directory_, "/big")), 8192u);
  Register("opens", "exec 3<. 4<. 5<. 6<. 7<. 8<. 9<. || exit 9; echo '\"opened\"'",
           {.limits = {.open_files = 6}});
  EXPECT_THAT(Call("opens"), StartsWith("failed: "));
  // The shell itself would fit; what it reads into memory does not.
  Register("grows", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo \\\"${#x}\\\"",
           {.limits = {.memory_bytes = int64_t{100} << 20}});
  // Some shells say that they have no memory, and others are killed.
  EXPECT_THAT(Call("grows"), AnyOf(StartsWith("failed: the program exited"),
                                   StartsWith("unavailable: the program was ended by signal")));
  Register("floods", "while :; do echo 1111111111; done", {.max_output_bytes = 100000});
  EXPECT_EQ(Call("floods"), "unavailable: the program's result has more than 100000 bytes");
  Register("floods_errors", "head -c 1000000 /dev/zero | tr '\\0' e >&2; exit 1");
  EXPECT_THAT(Call("floods_errors"), StartsWith("failed: the program exited with status 1"));
}

TEST_F(ProcessToolTest, AHungProgramIsKilledWithItsChildren) {
  // One in its group, and one that has left it.
  Register("hangs",
           "sleep 1000 & echo $! > child; setsid sh -c 'echo $$ > escaped; exec sleep 1000' & "
           "trap '' TERM; echo $$ > parent; while :; do sleep 1000; done");
  std::promise<ToolResponse> ending;
  const auto call = executor_->Start(
      {.name = "hangs"}, [&](const ToolResponse& response) { ending.set_value(response); });
  const int parent = WaitForPid("parent");
  const int child = WaitForPid("child");
  const int escaped = WaitForPid("escaped");
  executor_->Cancel(call);
  EXPECT_EQ(ending.get_future().get().record.ending, CallState::kCancelled);
  for (const int pid : {parent, child, escaped}) WaitUntilGone(pid);
}

TEST_F(ProcessToolTest, ADeadlineEndsTheProgram) {
  Register("hangs", "exec sleep 1000");
  EXPECT_THAT(Call("hangs", "{}", absl::Milliseconds(20)), StartsWith("deadline_exceeded: "));
  // Its handler returns when it is killed.
  while (executor_->num_abandoned() > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_F(ProcessToolTest, WhatItLeavesBehindIsKilled) {
  Register("leaves",
           "setsid sh -c 'echo $$ > left; exec sleep 1000' >/dev/null 2>&1 & "
           "while [ ! -s left ]; do sleep 0.01; done; echo '\"gone\"'");
  EXPECT_EQ(Call("leaves"), "\"gone\"");
  WaitUntilGone(WaitForPid("left"));
}

TEST_F(ProcessToolTest, ItsEndIsTheEndOfTheExecutor) {
  Register("hangs", "echo $$ > parent; exec sleep 1000");
  executor_->Start({.name = "hangs"}, nullptr);
  const int parent = WaitForPid("parent");
  executor_.reset();
  WaitUntilGone(parent);
}

}  // namespace
}  // namespace parlance::tools
