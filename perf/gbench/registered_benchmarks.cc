#include "perf/gbench/registered_benchmarks.h"

#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "perf/gbench/benchmark_run.h"

namespace {

using perf::RegisteredBenchmark;

// Bodies register themselves before main, so this has to exist before they do.
std::vector<RegisteredBenchmark*>& Registered() {
  static std::vector<RegisteredBenchmark*>& registered = *new std::vector<RegisteredBenchmark*>;
  return registered;
}

// What Google Benchmark lists goes to the stream of a reporter that has nothing else to do.
class ListReporter : public benchmark::BenchmarkReporter {
 public:
  ListReporter() { SetOutputStream(&stream_); }
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
  std::vector<std::string> Names() const {
    return absl::StrSplit(stream_.str(), '\n', absl::SkipEmpty());
  }

 private:
  std::ostringstream stream_;
};

void SetListing(bool listing) {
  std::string program = "benchmarks";
  std::string flag = absl::StrCat("--benchmark_list_tests=", listing ? "true" : "false");
  char* argv[] = {program.data(), flag.data(), nullptr};
  int argc = 2;
  benchmark::Initialize(&argc, argv);
}

}  // namespace

// What the linker's --wrap makes of calls to benchmark::internal::RegisterBenchmarkInternal:
// `__real_` is the original. It takes a pointer in releases until 1.9.1, a unique_ptr in later
// ones, and one to a class of another namespace since 1.9.5; there is one of the three, and the
// others are never called. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
using Owned = std::unique_ptr<RegisteredBenchmark>;

[[gnu::weak]] RegisteredBenchmark*
__real__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(
    RegisteredBenchmark* registered);
RegisteredBenchmark* __wrap__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(
    RegisteredBenchmark* registered) {
  Registered().push_back(registered);
  return __real__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(registered);
}

[[gnu::weak]] RegisteredBenchmark*
__real__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS0_9BenchmarkESt14default_deleteIS2_EE(
    Owned registered);
RegisteredBenchmark*
__wrap__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS0_9BenchmarkESt14default_deleteIS2_EE(
    Owned registered) {
  Registered().push_back(registered.get());
  return __real__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS0_9BenchmarkESt14default_deleteIS2_EE(
      std::move(registered));
}

[[gnu::weak]] RegisteredBenchmark*
__real__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS_9BenchmarkESt14default_deleteIS2_EE(
    Owned registered);
RegisteredBenchmark*
__wrap__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS_9BenchmarkESt14default_deleteIS2_EE(
    Owned registered) {
  Registered().push_back(registered.get());
  return __real__ZN9benchmark8internal25RegisterBenchmarkInternalESt10unique_ptrINS_9BenchmarkESt14default_deleteIS2_EE(
      std::move(registered));
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace perf {

std::vector<std::string> ListBenchmarks() {
  SetListing(true);
  ListReporter lister;
  benchmark::RunSpecifiedBenchmarks(&lister, ".");
  SetListing(false);
  return lister.Names();
}

bool NamesNoComponent(absl::string_view listed) {
  return !absl::StrContains(listed.substr(0, listed.find_first_of("/<")), '.');
}

void NameInComponent(absl::string_view component) {
  // Google Benchmark 1.7 does not say what a benchmark is called. So each gets its number for a
  // name, and what that number's entries in the list were called before, without how they are run,
  // is the name it had.
  const std::vector<std::string> before = ListBenchmarks();
  const std::vector<RegisteredBenchmark*>& all = Registered();
  for (size_t i = 0; i < all.size(); ++i) all[i]->Name(absl::StrCat(i, "#"));
  const std::vector<std::string> numbered = ListBenchmarks();
  for (size_t i = 0; i < numbered.size() && i < before.size(); ++i) {
    const size_t mark = numbered[i].find('#');
    size_t number = 0;
    if (!absl::SimpleAtoi(absl::string_view(numbered[i]).substr(0, mark), &number)) continue;
    const size_t length = before[i].size() - (numbered[i].size() - mark - 1);
    const std::string name = before[i].substr(0, length);
    all[number]->Name(NamesNoComponent(name) ? absl::StrCat(component, ".", name) : name);
  }
}

void FixIterations(int64_t iterations) {
  for (RegisteredBenchmark* registered : Registered()) registered->Iterations(iterations);
}

}  // namespace perf
