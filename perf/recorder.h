// Records one measurement from a test body.
//
//   TEST(AudioPerformance, VadProcessingSpeed) {
//     perf::Recorder recorder({.name = "audio.vad.process_1s", .title = "VAD Processing",
//                              .unit = "ms", .better = perf::LOWER});
//     for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
//       recorder.Time([&] { vad->Process(second_of_speech); });
//     }
//   }
//
// The destructor adds the measurement to the process's record, and fails the test if it is
// malformed or has no sample. Bodies assert that results are right, never how long they took:
// limits belong into requirements.textproto and are judged by the report.
//
// Threads: one Recorder belongs to one thread; different Recorders may live in different threads.
#ifndef PERF_RECORDER_H_
#define PERF_RECORDER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/record/result.pb.h"

namespace perf {

class Recorder {
 public:
  struct Options {
    // Dotted, component first: "audio.vad.process_1s".
    std::string name;
    // The title by which the report names the measurement.
    std::string title;
    // "ns", "us", "ms" or "s" if samples are durations; otherwise any.
    std::string unit;
    Better better = BETTER_UNKNOWN;
    // Whether the samples depend on the build alone, such as an accuracy: then they are compared on
    // any machine, and one is enough.
    bool deterministic = false;
  };

  explicit Recorder(Options options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // One sample, in the unit.
  void Add(double sample);
  // One sample. The unit has to be one of time: ns, us, ms or s.
  void Add(absl::Duration sample);

  // One sample of a state, such as occupied memory, after so much work; `work` increases.
  // SetWorkUnit says what a unit of it is called: "session".
  void AddOverWork(double sample, int64_t work);
  void SetWorkUnit(absl::string_view unit) { measurement_.set_work_unit(std::string(unit)); }

  // Runs `body` and adds its wall time as one sample; returns what `body` returns.
  template <typename Body>
  auto Time(Body&& body) {
    struct Stopwatch {
      Recorder& recorder;
      const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
      ~Stopwatch() { recorder.Add(absl::FromChrono(std::chrono::steady_clock::now() - start)); }
    } stopwatch{*this};
    return std::forward<Body>(body)();
  }

  // States how many executions of the measured code the samples rest on, if not one each.
  void SetIterations(int64_t iterations) { measurement_.set_iterations(iterations); }

  // A side figure, reported beside the measurement and never judged.
  void SetCounter(absl::string_view name, double value);

 private:
  Measurement measurement_;
  // How many of the unit a second is; 0 if the unit is not one of time.
  double units_per_second_ = 0;
};

}  // namespace perf

#endif  // PERF_RECORDER_H_
