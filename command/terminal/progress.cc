#include "command/terminal/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "command/terminal/printable.h"

namespace command {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kFirst(2);

}  // namespace

Progress::Progress(absl::string_view what)
    : what_(what), is_terminal_(isatty(STDERR_FILENO) != 0), thread_([this] { Run(); }) {}

Progress::~Progress() {
  {
    annotated::MutexLock lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Progress::Update(absl::string_view detail) {
  annotated::MutexLock lock(mutex_);
  detail_ = std::string(detail);
}

void Progress::Run() {
  const Clock::time_point begin = Clock::now();
  std::chrono::seconds interval = kFirst;
  annotated::MutexLock lock(mutex_);
  for (Clock::time_point next = begin + kFirst;; next += interval) {
    while (!over_ && changed_.wait_until(lock.native(), next) != std::cv_status::timeout) {
    }
    if (over_) return;
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    const std::string line = PrintableLine(absl::StrCat(
        what_, ": at work for ", elapsed.count(), " s", detail_.empty() ? "" : ", ", detail_));
    std::fprintf(stderr, "%s\n", line.c_str());
    if (!is_terminal_ && next != begin + kFirst) interval *= 2;
  }
}

}  // namespace command
