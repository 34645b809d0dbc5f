#include "audio/vad/testing/warm_path.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

struct Case {
  std::string name;
  void (*body)();
  int system_call;
  int num_locks;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::mutex mutex;
std::shared_mutex shared_mutex;
volatile int sink = 0;

class WarmPathTest : public testing::TestWithParam<Case> {};

TEST_P(WarmPathTest, SeesItsSystemCall) {
  if (!kCanSeeWarmPath) GTEST_SKIP() << "not with a sanitizer";
  EXPECT_EQ(FirstSystemCall(GetParam().body), GetParam().system_call);
}

TEST_P(WarmPathTest, SeesItsLocks) {
  if (!kCanSeeWarmPath) GTEST_SKIP() << "not with a sanitizer";
  if (GetParam().system_call == kCannotTell) GTEST_SKIP() << "would end the test";
  EXPECT_EQ(CountLocks(GetParam().body), GetParam().num_locks);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, WarmPathTest,
    testing::ValuesIn(std::vector<Case>{
        {"Nothing", [] {}, kNoSystemCall, 0},
        {"Arithmetic",
         [] {
           for (int i = 0; i < 1000; ++i) sink = sink + i;
         },
         kNoSystemCall, 0},
        {"AnUncontendedMutex", [] { const std::lock_guard lock(mutex); }, kNoSystemCall, 1},
        {"TwoOfAMutex",
         [] {
           mutex.lock();
           mutex.unlock();
           if (mutex.try_lock()) mutex.unlock();
         },
         kNoSystemCall, 2},
        {"AReaderAndAWriter",
         [] {
           shared_mutex.lock_shared();
           shared_mutex.unlock_shared();
           shared_mutex.lock();
           shared_mutex.unlock();
         },
         kNoSystemCall, 2},
        {"ASystemCall", [] { sink = getppid(); }, SYS_getppid, 0},
        {"AWriteToAnotherFile", [] { sink = static_cast<int>(write(STDOUT_FILENO, "", 0)); },
         SYS_write, 0},
        {"TheFirstOfTwo",
         [] {
           sink = getppid();
           usleep(1);
         },
         SYS_getppid, 0},
        {"AnotherEnd", [] { _exit(0); }, kCannotTell, 0},
    }),
    [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

}  // namespace
}  // namespace parlance::audio
