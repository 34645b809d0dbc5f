#include "perf/report/html/testing/sample_report.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"
#include "perf/baseline/baseline_file.h"
#include "perf/owners/code_owners.h"
#include "perf/owners/target_owners.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

constexpr char kBenchmark[] = "//audio:audio_benchmark";
constexpr char kTest[] = "//audio/room:audio_perf_test";

// Medians around one level, and around another from `change` on.
std::vector<double> Levels(double before, double after, int count, int change) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 0.01);
  std::vector<double> medians;
  for (int i = 0; i < count; ++i) {
    medians.push_back((i < change ? before : after) * (1 + noise(random)));
  }
  return medians;
}

std::vector<double> Scaled(std::vector<double> samples, double factor) {
  for (double& sample : samples) sample *= factor;
  return samples;
}

}  // namespace

SampleReport::SampleReport(absl::string_view requirements) {
  auto parsed =
      ParseRequirements(absl::StrCat("component: 'audio' ", requirements), "requirements");
  EXPECT_THAT(parsed, absl_testing::IsOk());
  if (parsed.ok()) records.requirements["audio"] = *std::move(parsed);
  Report& header = records.header;
  header.set_command("bazel run //perf");
  header.set_machine("here-2-cpus");
  header.set_commit("0123456789abcdef0123");
  header.set_profile("default");
  header.mutable_generated()->set_seconds(1'795'000'000);
  header.mutable_environment()->set_cpu_model("Imaginary CPU");
  header.mutable_environment()->set_num_cpus(2);
  header.mutable_environment()->set_compiler("gcc 12.2.0");
  records.benchmarks.insert(kBenchmark);
  for (const char* target : {kBenchmark, kTest}) {
    Run& run = records.runs.emplace_back();
    run.set_run_id("now");
    run.mutable_provenance()->set_target(target);
    run.mutable_provenance()->set_profile("default");
    run.mutable_environment()->set_compiler("gcc 12.2.0");
    run.mutable_start_time()->set_seconds(1'795'000'000);
  }
  ComponentBaseline& baseline = records.baselines["audio"];
  baseline.set_component("audio");
  baseline.mutable_environment()->set_compiler("gcc 12.2.0");
}

Measurement& SampleReport::Add(const std::string& name, const std::string& title,
                               const std::vector<double>& samples) {
  Measurement& measurement = *records.runs[0].add_measurements();
  measurement.set_name(name);
  measurement.set_title(title);
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.set_component("audio");
  measurement.mutable_samples()->Add(samples.begin(), samples.end());
  measurement.set_iterations(1000);
  return measurement;
}

void SampleReport::AddBaseline(const std::string& name, const std::vector<double>& samples) {
  for (const Run& run : records.runs) {
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.name() != name) continue;
      Measurement stored = measurement;
      stored.mutable_samples()->Assign(samples.begin(), samples.end());
      Run at = run;
      at.mutable_provenance()->set_commit("ba5e11e0ba5e11e0");
      PutBaseline(ToBaseline(stored, at, "2026-11-20"), records.baselines["audio"]);
    }
  }
}

void SampleReport::AddHistory(const std::string& name, const std::vector<double>& medians) {
  HistorySeries& series = history[name];
  series.name = name;
  series.title = name;
  series.unit = "ms";
  series.better = LOWER;
  const auto count = static_cast<int64_t>(medians.size());
  for (int64_t i = 0; i < count; ++i) {
    const bool is_now = i + 1 == count;
    const absl::Time time =
        absl::FromUnixSeconds(1'795'000'000) - absl::Hours(24) * (count - 1 - i);
    HistoryPoint point;
    point.run_id = is_now ? "now" : absl::StrCat("run ", count - 1 - i, " before");
    point.commit = absl::StrCat(100'000'000'000 + count - 1 - i, "0000");
    point.dirty = is_now;
    point.time = time;
    point.median = medians[static_cast<size_t>(i)];
    point.noise = i % 10 == 3 ? "other processes used 60 % of the CPUs" : "";
    series.points.push_back(std::move(point));
  }
}

std::vector<double> SampleTimes(double median, int count) {
  std::mt19937 random(42);
  std::normal_distribution<double> noise(0, 0.03);
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) {
    const double deviation = noise(random);
    samples.push_back(median * (1 + (deviation > 0 ? 2 * deviation : deviation)));
  }
  return samples;
}

SampleReport BigReport(int measurements, int samples, int points, int title_bytes) {
  SampleReport report;
  const std::vector<double> times = SampleTimes(0.000123456789, samples);
  const std::vector<double> medians = Levels(0.000123456789, 0.000123456789, points, points);
  for (int i = 0; i < measurements; ++i) {
    const std::string name = absl::StrCat("audio.component_number.measurement_", i);
    report.Add(name, absl::StrCat(i, std::string(static_cast<size_t>(title_bytes), 'x')), times);
    report.AddBaseline(name, times);
    report.AddHistory(name, medians);
  }
  return report;
}

SampleReport QuietReport() {
  SampleReport report;
  for (const char* name : {"audio.one", "audio.two", "audio.three"}) {
    report.Add(name, absl::StrCat("Measurement ", name), SampleTimes(10, 40));
    report.AddBaseline(name, SampleTimes(10.1, 40));
  }
  return report;
}

SampleReport VariedReport() {
  SampleReport report(R"(
    requirements { measurement: 'audio.vad.red' statistic: P99 at_most: 0.44 unit: 'ms'
                   why: 'A frame has to be done before the next one comes.' }
    requirements { measurement: 'audio.vad.stable' statistic: MEAN at_most: 90 unit: 'ms' }
    accepted { measurement: 'audio.vad.accepted' at_most_percent: 20 until: '2026-11-25'
               why: 'It hears whispers.' }
    latency_chains { title: 'From the end of speech to the first sound' total: 'audio.turn.all'
                     stages: 'audio.turn.hear' stages: 'audio.turn.think' stages: 'audio.turn.say' }
  )");
  report.records.header.add_notes("a note of the run");
  report.records.owners = TargetOwners(
      CodeOwners::Parse("/audio/ @parlance/audio\n/audio/room/ @parlance/room @parlance/audio\n"),
      "CODEOWNERS", "");
  report.Add("audio.vad.red", "VAD Processing", SampleTimes(0.442, 1000)).set_iterations(64000);
  report.AddBaseline("audio.vad.red", SampleTimes(0.337, 1000));
  report.AddHistory("audio.vad.red", Levels(0.337, 0.44, 60, 48));
  (*report.records.runs[0].mutable_measurements(0)->mutable_counters())["bytes_per_second"] =
      1234567;
  report.records.attempts["audio.vad.red"] = 3;
  report.Add("audio.vad.yellow", "Resampling", SampleTimes(11.5, 300));
  report.AddBaseline("audio.vad.yellow", SampleTimes(10, 300));
  report.Add("audio.vad.accepted", "Denoising", SampleTimes(11.3, 300));
  report.AddBaseline("audio.vad.accepted", SampleTimes(10, 300));
  report.Add("audio.vad.improved", "Endpointing", SampleTimes(7.9, 300));
  report.AddBaseline("audio.vad.improved", SampleTimes(10, 300));
  report.Add("audio.vad.stable", "Framing", SampleTimes(10.1, 50));
  report.AddBaseline("audio.vad.stable", SampleTimes(10, 50));
  report.AddHistory("audio.vad.stable", {10.1});
  report.Add("audio.gone", "Gone", SampleTimes(10, 50));
  report.AddBaseline("audio.gone", SampleTimes(10, 50));
  report.records.runs[0].mutable_measurements()->RemoveLast();
  Measurement& speed = report.Add("audio.vad.speed", "Speed", SampleTimes(80, 30));
  speed.set_unit("x");
  speed.set_better(HIGHER);
  report.AddBaseline("audio.vad.speed", SampleTimes(120, 30));

  // Hard to draw.
  report.Add("audio.hard.one_sample", "One Sample", {3});
  report.Add("audio.hard.all_equal", "All Equal", {5, 5, 5, 5, 5});
  report.AddBaseline("audio.hard.all_equal", {5, 5, 5, 5, 5});
  report.AddHistory("audio.hard.all_equal", {5, 5, 5});
  report.Add("audio.hard.zero", "Zero", {0, 0, 0});
  report.AddBaseline("audio.hard.zero", {0, 0, 0});
  report.Add("audio.hard.worse_than_zero", "Worse than Zero", {1, 2, 3});
  report.AddBaseline("audio.hard.worse_than_zero", {0, 0, 0});
  report.AddHistory("audio.hard.worse_than_zero", {0, 0, 2});
  report.Add("audio.hard.negative", "Negative", {-40, -41, -42}).set_unit("dB");
  report.AddBaseline("audio.hard.negative", {-50, -51, -52});
  constexpr double kMaxValue = std::numeric_limits<double>::max();
  report.Add("audio.hard.greatest", "Greatest", {-kMaxValue, 0, kMaxValue});
  report.AddHistory("audio.hard.greatest",
                    {-kMaxValue, kMaxValue, std::numeric_limits<double>::infinity()});
  report.Add("audio.hard.outlier", "Outlier", {1, 1.1, 1.2, 1.05, 1.15, 1e6});
  report.Add("audio.hard.tiny", "Tiny", {1e-300, 2e-300, 3e-300});

  // A series over work, counts beside times, and a chain.
  Measurement& memory = report.Add("audio.memory", "Memory", {});
  memory.set_unit("MB");
  memory.set_work_unit("call");
  for (int i = 0; i < 400; ++i) {
    memory.add_work(10 * (i + 1));
    memory.add_samples(20 + 0.05 * i);
  }
  Measurement& count = report.Add("audio.vad.yellow.instructions", "Resampling, instructions",
                                  {1234567, 1234567, 1234570});
  count.set_counted("instructions");
  count.set_unit("instructions");
  for (const auto& [name, title, median] : {std::tuple("audio.turn.hear", "Hearing", 12.0),
                                            std::tuple("audio.turn.think", "Thinking", 5.0),
                                            std::tuple("audio.turn.say", "Saying", 20.0),
                                            std::tuple("audio.turn.all", "A Turn", 40.0)}) {
    report.Add(name, title, SampleTimes(median, 60));
    report.AddBaseline(name, SampleTimes(median * 0.98, 60));
  }
  // What a test measures, on a busy machine.
  report.records.runs[1].mutable_health()->set_others_percent(60);
  report.records.runs[1].mutable_health()->set_begin_ns(1);
  report.records.runs[1].mutable_health()->set_end_ns(2'000'000'000);
  *report.records.runs[1].add_measurements() = report.records.runs[0].measurements(0);
  Measurement& noisy = *report.records.runs[1].mutable_measurements(0);
  noisy.set_name("audio.test.noisy");
  noisy.set_title("Measured by a Test");
  report.AddBaseline("audio.test.noisy", SampleTimes(0.3, 100));
  return report;
}

SampleReport HostileReport() {
  // U+202E, whose bytes are not beside one another in a literal, as the source would be turned,
  // too.
  const std::string right_to_left = absl::StrCat("\xE2\x80", "\xAE");
  SampleReport report(R"(
    requirements { measurement: 'audio."><img src=x onerror=alert(1)>' statistic: MEAN at_most: 1
                   unit: 'ms' why: '</script><script>alert(2)</script>' }
    accepted { measurement: 'audio.<!-- <script>' at_most_percent: 900 until: '2026-11-25'
               why: '</script><script>alert(12)</script>' }
  )");
  const std::string evil[] = {
      "</script><script>alert(3)</script>",
      "\"><img src=x onerror=alert(1)>",
      "'\" onmouseover='alert(4)' x=\"",
      "<!-- <script>",
      "]]></style><svg onload=alert(5)>",
      "{{constructor.constructor('alert(6)')()}}",
      "javascript:alert(7)",
      "__proto__",
      absl::StrCat("emoji \xF0\x9F\x9A\x80 and ", right_to_left, " turned"),
      "control \x01\x1b[31m and a\nline",
      "percent %3Cscript%3E 100% & a=b#c+d e",
      std::string(3000, 'L'),
  };
  for (const std::string& text : evil) {
    const std::string name = absl::StrCat("audio.", text);
    Measurement& measurement = report.Add(name, text, SampleTimes(10, 30));
    // The requirement is in ms.
    measurement.set_unit(text == evil[1] ? "ms" : "<b>ms</b>");
    (*measurement.mutable_counters())[text.substr(0, 100)] = 1;
    report.AddBaseline(name, SampleTimes(7, 30));
    report.AddHistory(name, {1, 2, 3});
    for (HistoryPoint& point : report.history[name].points) {
      point.commit = "<img src=x onerror=alert(8)>";
    }
  }
  report.records.owners = TargetOwners(CodeOwners::Parse("* a'b&c@x.yz"), "CODEOWNERS", "");
  report.records.header.set_machine("<img src=x onerror=alert(9)>");
  report.records.header.add_notes("<img src=x onerror=alert(10)>");
  report.records.errors.push_back("//a:b: <script>alert(11)</script>\nsecond line");
  return report;
}

SampleReport BesideReport() {
  SampleReport report;
  report.records.ab_revision = "ba5e11e0ba5e";
  for (const auto& [name, ratio] : {std::pair("audio.slower", 1.3), std::pair("audio.same", 1.0)}) {
    const std::vector<double> times = SampleTimes(2, 400);
    report.Add(name, absl::StrCat("Beside: ", name), Scaled(times, ratio));
    std::vector<double> rounds;
    for (int i = 0; i < 60; ++i) rounds.push_back(std::log(ratio) + 0.01 * ((i % 7) - 3));
    AbResult& result = report.records.ab[name];
    result.effect = JudgeRounds(rounds, 2, LOWER);
    result.baseline_median = 2;
    result.baseline_samples = times;
    result.rounds = static_cast<int>(rounds.size());
  }
  Explanation& explanation = report.records.explanations["audio.slower"];
  explanation.set_cause(CAUSE_FUNCTION);
  explanation.set_line("+380 instructions an iteration (+38.0 %), of which 380 in a::Push");
  for (const auto& [name, parent, before, after] :
       {std::tuple("iteration", 0, 1000.0, 1380.0),
        std::tuple("BM_Push(State&)", 0, 1000.0, 1380.0),
        std::tuple("a::Push(int)", 1, 500.0, 880.0), std::tuple("a::Gone()", 1, 100.0, 0.0),
        std::tuple("</script><img src=x onerror=alert(12)>", 2, 60.0, 30.0)}) {
    CallFrame& frame = *explanation.add_frames();
    frame.set_function(name);
    frame.set_parent(parent);
    frame.set_before(before);
    frame.set_after(after);
    frame.set_inlined(parent == 2);
  }
  FunctionChange& change = *explanation.add_functions();
  change.set_function("a::Push(int)");
  change.set_presence(FUNCTION_IN_BOTH);
  change.set_self_before(440);
  change.set_self_after(850);
  change.set_inclusive_before(500);
  change.set_inclusive_after(880);
  change.set_calls_before(1);
  change.set_calls_after(2);
  change.set_caller("BM_Push(State&)");
  InlinedChange& inlined = *change.add_inlined();
  inlined.set_function("a::Dot16(short const*)");
  inlined.set_before(10);
  inlined.set_after(400);
  AllocationChange& allocations = *explanation.add_allocations();
  allocations.set_caller("a::Push(int)");
  allocations.set_before(1);
  allocations.set_after(3);
  explanation.add_notes("Look next at cache misses.");
  // Too few rounds for an interval.
  report.Add("audio.unresolved", "Beside: unresolved", {3, 2, 2.5});
  AbResult& result = report.records.ab["audio.unresolved"];
  result.effect = JudgeRounds({0.1, 0.3}, 2, LOWER);
  result.baseline_median = 2;
  result.baseline_samples = {2, 2.1, 1.9};
  result.rounds = 2;
  result.unresolved.set_reason(NOT_REACHED);
  result.unresolved.set_rounds(2);
  report.records.unchanged.push_back(
      {.component = "audio", .label = "//audio:unchanged_test", .difference = ""});
  return report;
}

}  // namespace perf
