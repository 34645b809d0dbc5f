// What a piece of code takes and asks for: locks, and system calls. Allocations are counted by
// //perf:allocations.
//
//   EXPECT_EQ(CountLocks([&] { vad->Process(frame); }), 0);
//   EXPECT_EQ(FirstSystemCall([&] { vad->Process(frame); }), kNoSystemCall);
//
// Linking it puts itself before the pthread functions of the program, so it is for tests.
#ifndef AUDIO_VAD_TESTING_WARM_PATH_H_
#define AUDIO_VAD_TESTING_WARM_PATH_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace parlance::audio {

// A sanitizer has its own pthread functions, and makes system calls on its own account: with one
// neither can be told, and tests skip what they would ask.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCanSeeWarmPath = false;
#else
inline constexpr bool kCanSeeWarmPath = true;
#endif

// How often `body` calls a lock function of pthreads on this thread: of mutexes (which std::mutex
// calls), of read-write locks and of spin locks. Locks made of atomics alone are not seen.
int64_t CountLocks(absl::FunctionRef<void()> body);

inline constexpr int kNoSystemCall = -1;
// The kernel does not do what this needs; or `body` ended the process otherwise.
inline constexpr int kCannotTell = -2;

// The number of the first system call that `body` makes; the kernel stops it there. `body` runs in
// a forked child, whose seccomp filter lets through only a write to the one pipe by which it
// answers and the end of the process: what it does is not seen here. Calls that the vDSO answers,
// such as reading a clock, enter no kernel and are not seen either.
int FirstSystemCall(absl::FunctionRef<void()> body);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_TESTING_WARM_PATH_H_
