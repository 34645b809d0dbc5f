// Services for tests: nothing is run, the clock stands still, and what was said is kept.
#ifndef PERF_MODE_TESTING_FAKE_SERVICES_H_
#define PERF_MODE_TESTING_FAKE_SERVICES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/bazel/git.h"
#include "perf/mode/services.h"
#include "perf/process/testing/fake_program_runner.h"
#include "perf/record/result.pb.h"

namespace perf {

class FakeServices : public Services {
 public:
  // On a machine of four CPUs, in a clean tree at commit "c0ffee".
  FakeServices() {
    environment_.set_cpu_model("Imaginary CPU");
    environment_.set_num_cpus(4);
    environment_.set_compiler("gcc 12");
    environment_.set_compilation_mode("opt");
  }

  FakeProgramRunner& programs() override { return programs_; }
  absl::StatusOr<WorkingTreeState> StateOfWorkingTree(const std::string& /*workspace*/) override {
    return tree_;
  }
  Environment CurrentEnvironment() override { return environment_; }
  absl::Time Now() override { return absl::FromUnixSeconds(1'800'000'000); }
  // "run-1", "run-2", …
  std::string NewRunId() override { return absl::StrCat("run-", ++num_ids_); }
  bool Interrupted() override { return interrupted_; }
  void Say(absl::string_view message) override { said_.emplace_back(message); }
  void ShowProgress(absl::string_view message) override { Say(message); }
  void Print(absl::string_view text) override { absl::StrAppend(&printed_, text); }

  void set_tree(absl::StatusOr<WorkingTreeState> tree) { tree_ = std::move(tree); }
  void set_interrupted(bool interrupted) { interrupted_ = interrupted; }
  Environment& environment() { return environment_; }

  // The id that was given out last.
  std::string LastRunId() const { return absl::StrCat("run-", num_ids_); }
  const std::vector<std::string>& said() const { return said_; }
  const std::string& printed() const { return printed_; }

 private:
  FakeProgramRunner programs_;
  absl::StatusOr<WorkingTreeState> tree_ = WorkingTreeState{.commit = "c0ffee", .dirty = false};
  Environment environment_;
  int num_ids_ = 0;
  bool interrupted_ = false;
  std::vector<std::string> said_;
  std::string printed_;
};

}  // namespace perf

#endif  // PERF_MODE_TESTING_FAKE_SERVICES_H_
