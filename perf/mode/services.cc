#include "perf/mode/services.h"

#include <chrono>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "command/printable.h"
#include "command/program.h"
#include "perf/process/interrupt_watch.h"
#include "perf/record/environment.h"

namespace perf {
namespace {

class RealServices : public Services {
 public:
  ProgramRunner& programs() override { return programs_; }

  absl::StatusOr<WorkingTreeState> StateOfWorkingTree(const std::string& workspace) override {
    return perf::StateOfWorkingTree(workspace);
  }

  Environment CurrentEnvironment() override { return perf::CurrentEnvironment(); }

  absl::Time Now() override { return absl::Now(); }

  std::string NewRunId() override {
    std::random_device random;
    return absl::StrFormat("%08x%08x", random(), random());
  }

  bool Interrupted() override {
    if (watch_ == nullptr) watch_ = std::make_unique<InterruptWatch>();
    return watch_->seen();
  }

  void Say(absl::string_view message) override { command::Say(message); }

  void SayNowAndThen(absl::string_view message) override {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_said_ < std::chrono::seconds(2)) return;
    last_said_ = now;
    Say(message);
  }

  void Print(absl::string_view text) override { command::Print(command::Printable(text)); }

 private:
  SystemProgramRunner programs_;
  std::unique_ptr<InterruptWatch> watch_;
  // When SayNowAndThen wrote its last line.
  std::chrono::steady_clock::time_point last_said_ = {};
};

}  // namespace

std::unique_ptr<Services> SystemServices() { return std::make_unique<RealServices>(); }

}  // namespace perf
