#include "perf/mode/services.h"

#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "command/terminal/status_line.h"
#include "perf/process/interrupt_watch.h"
#include "perf/record/environment.h"
#include "perf/report/text/coloured.h"

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

  void Say(absl::string_view message) override {
    progress_.Clear();
    command::Say(message);
  }

  void ShowProgress(absl::string_view message) override { progress_.Show(message); }

  void Print(absl::string_view text) override {
    progress_.Clear();
    const std::string printable = command::Printable(text);
    command::Print(WantsColours() ? Coloured(printable) : printable);
  }

 private:
  SystemProgramRunner programs_;
  std::unique_ptr<InterruptWatch> watch_;
  command::StatusLine progress_{"perf"};
};

}  // namespace

std::unique_ptr<Services> SystemServices() { return std::make_unique<RealServices>(); }

}  // namespace perf
