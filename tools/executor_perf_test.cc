// What the executor adds to a tool, beside what the machine itself does at the same moment: its
// thread switches, its timers, its second core.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::tools {
namespace {

using Clock = std::chrono::steady_clock;

class ExecutorPerformance : public testing::Test {
 protected:
  void Register(const std::string& name, const ToolHandler& handler) {
    ASSERT_TRUE(registry_
                    .Register({.name = name,
                               .description = "For benchmarks.",
                               .parameters = R"({"type":"object"})",
                               .annotations = {.read_only = true},
                               .handler = handler})
                    .ok());
  }
  void CreateExecutor(ToolExecutor::Options options) {
    executor_ = *ToolExecutor::Create(&registry_, options);
  }

  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
};

// Long enough for a worker to fall asleep.
void LetTheMachineRest() { absl::SleepFor(absl::Microseconds(300)); }

// From Start to the handler's first line, on an idle machine; beside the wake-up of a thread that
// waits for a condition variable.
TEST_F(ExecutorPerformance, HandOver) {
  Clock::time_point entered;
  Register("enter", [&](const rapidjson::Value&, const ToolContext&) {
    entered = Clock::now();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "in"});
  });
  CreateExecutor({.max_concurrency = 1});
  std::mutex mutex;
  std::condition_variable condition;
  bool is_woken = false;
  bool is_over = false;
  Clock::time_point woken;
  std::condition_variable answered;
  std::thread sleeper([&] {
    std::unique_lock<std::mutex> lock(mutex);
    while (!is_over) {
      condition.wait(lock, [&] { return is_woken || is_over; });
      woken = Clock::now();
      is_woken = false;
      answered.notify_one();
    }
  });

  perf::Recorder hand_over({.name = "tools.executor.hand_over",
                            .title = "Hand-over to a Worker",
                            .unit = "us",
                            .better = perf::LOWER});
  perf::Recorder round_trip({.name = "tools.executor.execute_on_worker",
                             .title = "Call on a Worker, and back",
                             .unit = "us",
                             .better = perf::LOWER});
  perf::Recorder wake_up({.name = "tools.machine.wake_up",
                          .title = "Waking a Thread, by itself",
                          .unit = "us",
                          .better = perf::LOWER});
  ASSERT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute("enter", "{}")));
  for (int64_t i = 0; i < 10 * perf::Load("iterations"); ++i) {
    LetTheMachineRest();
    const Clock::time_point start = Clock::now();
    ASSERT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute("enter", "{}")));
    round_trip.Add(absl::FromChrono(Clock::now() - start));
    hand_over.Add(absl::FromChrono(entered - start));

    LetTheMachineRest();
    std::unique_lock<std::mutex> lock(mutex);
    const Clock::time_point signalled = Clock::now();
    is_woken = true;
    condition.notify_one();
    answered.wait(lock, [&] { return !is_woken; });
    wake_up.Add(absl::FromChrono(woken - signalled));
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    is_over = true;
  }
  condition.notify_one();
  sleeper.join();
}

void BurnFor(std::chrono::nanoseconds time) {
  const Clock::time_point end = Clock::now() + time;
  while (Clock::now() < end) {
  }
}

// Tools that compute for a while: calls a second with two workers, to those with one; beside two
// threads without an executor, to one.
TEST_F(ExecutorPerformance, TwoWorkersToOne) {
  // Counted in work, not in time, so that a thread without a core does less.
  std::atomic<uint64_t> sink = 0;
  const auto work = [&] {
    uint64_t x = 1;
    for (int i = 0; i < 200000; ++i) x = x * 6364136223846793005 + 1442695040888963407;
    sink.fetch_add(x, std::memory_order_relaxed);
  };
  Register("compute", [&](const rapidjson::Value&, const ToolContext&) {
    work();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "computed"});
  });
  // By default so many that starting the workers is no part of it.
  const int64_t num_calls = perf::Load("scaling_calls");
  const auto rate_of_executor = [&](int num_workers) {
    CreateExecutor({.max_concurrency = num_workers});
    const std::vector<ToolRequest> requests(static_cast<size_t>(num_calls),
                                            ToolRequest{.name = "compute"});
    const Clock::time_point start = Clock::now();
    for (const ToolResponse& response : executor_->ExecuteAll(requests)) {
      EXPECT_TRUE(std::holds_alternative<ToolOutput>(response.result));
    }
    return static_cast<double>(num_calls) /
           absl::ToDoubleSeconds(absl::FromChrono(Clock::now() - start));
  };
  const auto rate_of_threads = [&](int num_threads) {
    std::vector<std::thread> threads;
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < num_threads; ++i) {
      threads.emplace_back([&] {
        for (int64_t j = 0; j < num_calls / num_threads; ++j) work();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return static_cast<double>(num_calls) /
           absl::ToDoubleSeconds(absl::FromChrono(Clock::now() - start));
  };
  perf::Recorder scaling({.name = "tools.executor.two_workers_to_one",
                          .title = "Two Workers to One",
                          .unit = "ratio",
                          .better = perf::HIGHER});
  perf::Recorder machine({.name = "tools.machine.two_threads_to_one",
                          .title = "Two Threads to One, without an Executor",
                          .unit = "ratio",
                          .better = perf::HIGHER});
  for (int64_t i = 0; i < perf::Load("scaling_rounds"); ++i) {
    scaling.Add(rate_of_executor(2) / rate_of_executor(1));
    machine.Add(rate_of_threads(2) / rate_of_threads(1));
  }
}

// How much later than its deadline a call of a tool that hangs comes back, and how much later than
// the cancel; beside a timer of the machine.
TEST_F(ExecutorPerformance, Lateness) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  Register("hangs", [&](const rapidjson::Value&, const ToolContext&) {
    released.wait();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "at last"});
  });
  CreateExecutor({.max_concurrency = 2, .max_abandoned = 100000});
  perf::Recorder deadline({.name = "tools.executor.deadline_lateness",
                           .title = "A Deadline's Lateness, the Tool Hangs",
                           .unit = "us",
                           .better = perf::LOWER});
  perf::Recorder cancel({.name = "tools.executor.cancel",
                         .title = "A Cancel, the Tool Hangs",
                         .unit = "us",
                         .better = perf::LOWER});
  perf::Recorder timer({.name = "tools.machine.timer_lateness",
                        .title = "The Machine's Timer's Lateness",
                        .unit = "us",
                        .better = perf::LOWER});
  std::mutex mutex;
  std::condition_variable condition;
  for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
    constexpr auto kTimeout = std::chrono::milliseconds(3);
    const Clock::time_point start = Clock::now();
    const ToolResult result = executor_->Execute("hangs", "{}", absl::FromChrono(kTimeout));
    deadline.Add(absl::FromChrono(Clock::now() - (start + kTimeout)));
    ASSERT_EQ(std::get<ToolError>(result).kind, ToolErrorKind::kDeadlineExceeded);

    {
      std::unique_lock<std::mutex> lock(mutex);
      const Clock::time_point until = Clock::now() + kTimeout;
      condition.wait_until(lock, until);
      timer.Add(absl::FromChrono(Clock::now() - until));
    }

    Clock::time_point ended;
    const auto call =
        executor_->Start({.name = "hangs"}, [&](const ToolResponse&) { ended = Clock::now(); });
    LetTheMachineRest();
    const Clock::time_point cancelled = Clock::now();
    executor_->Cancel(call);
    cancel.Add(absl::FromChrono(ended - cancelled));
  }
  release.set_value();
}

// A healthy tool's calls, with nothing else there and with many hung ones, by turns.
TEST_F(ExecutorPerformance, HungTools) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  Register("hangs", [&](const rapidjson::Value&, const ToolContext&) {
    released.wait();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "at last"});
  });
  Register("healthy", [&](const rapidjson::Value&, const ToolContext&) {
    BurnFor(std::chrono::microseconds(50));
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "fine"});
  });
  const int64_t num_hung = perf::Load("hung_tools");
  auto alone = *ToolExecutor::Create(&registry_, {.max_concurrency = 4});
  auto beside = *ToolExecutor::Create(
      &registry_, {.max_concurrency = 4, .max_abandoned = static_cast<int>(num_hung) + 1});
  for (int64_t i = 0; i < num_hung; ++i) {
    ASSERT_EQ(std::get<ToolError>(beside->Execute("hangs", "{}", absl::Milliseconds(1))).kind,
              ToolErrorKind::kDeadlineExceeded);
  }
  perf::Recorder healthy({.name = "tools.executor.healthy_alone",
                          .title = "A Healthy Tool, alone",
                          .unit = "us",
                          .better = perf::LOWER});
  perf::Recorder hung({.name = "tools.executor.healthy_beside_hung",
                       .title = "A Healthy Tool, beside Hung Ones",
                       .unit = "us",
                       .better = perf::LOWER});
  perf::Recorder ratio({.name = "tools.executor.hung_to_alone_p99",
                        .title = "Beside Hung Ones to Alone, 99th Percentiles",
                        .unit = "ratio",
                        .better = perf::LOWER});
  hung.SetCounter("hung", static_cast<double>(beside->num_abandoned()));
  const int64_t num_rounds = perf::Load("hung_rounds");
  const int64_t num_calls = perf::Load("hung_calls");
  for (int64_t round = 0; round < num_rounds; ++round) {
    const auto percentile = [&](std::vector<double>& values) {
      const auto at = values.begin() + num_calls * 99 / 100;
      std::nth_element(values.begin(), at, values.end());
      return *at;
    };
    std::vector<double> alone_us;
    std::vector<double> beside_us;
    for (int64_t i = 0; i < num_calls; ++i) {
      for (const bool with_hung : {i % 2 == 0, i % 2 != 0}) {
        ToolExecutor& executor = with_hung ? *beside : *alone;
        const Clock::time_point start = Clock::now();
        ASSERT_TRUE(std::holds_alternative<ToolOutput>(executor.Execute("healthy", "{}")));
        const absl::Duration took = absl::FromChrono(Clock::now() - start);
        (with_hung ? hung : healthy).Add(took);
        (with_hung ? beside_us : alone_us).push_back(absl::ToDoubleMicroseconds(took));
      }
    }
    ratio.Add(percentile(beside_us) / percentile(alone_us));
  }
  release.set_value();
}

}  // namespace
}  // namespace parlance::tools
