#include "perf/selfcheck/selfcheck.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "perf/ab/comparison.h"
#include "perf/ab/epoch_source.h"
#include "perf/ab/round_source.h"
#include "perf/history/change_point_proof.h"
#include "perf/record/environment.h"
#include "perf/selfcheck/busy_neighbour.h"
#include "perf/selfcheck/promises.h"
#include "perf/selfcheck/rival_rules.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"

namespace perf {
namespace {

// Promises; docs/method.md says what they mean.
constexpr double kFalseRed = 0.001;
constexpr double kFalseYellow = 0.01;
constexpr double kSeenAt5 = 0.90;
constexpr double kYellowAt13 = 0.95;
constexpr double kRedAt25 = 0.95;
constexpr double kYellowAt25 = 0.999;
constexpr double kChangePoints = 0.95;
constexpr double kFewerFalseAlarms = 10;

constexpr absl::string_view kOurs = "parlance";

// What a rule said of all comparisons of one kind.
struct Tally {
  int64_t comparisons = 0;
  // At least yellow, for our rule.
  int64_t slower = 0;
  int64_t faster = 0;
  int64_t red = 0;
  int64_t unresolved = 0;
  // The interval does not reach equality: ours only.
  int64_t seen = 0;
};

// How many comparisons of equal builds said slower, less those that said faster, in each session.
// What a session's comparisons share, its processes among it, makes them lean together, so that the
// sessions are what is independent.
struct Leanings {
  // By the median, however near to equality.
  std::vector<int> medians;
  // By the verdict.
  std::vector<int> verdicts;
};

struct Session {
  // Work of the current side, in percent of the baseline's.
  int percent = 100;
  bool neighbour = false;
};

// A round of sessions: mostly equal builds, as what is promised of them is the rarest. Every second
// session has the neighbour; the odd number of slowed ones makes them take turns.
constexpr std::array<int, 17> kSchedule = {100, 100, 100, 125, 100, 100, 100, 113, 100,
                                           100, 100, 105, 100, 100, 100, 113, 100};

std::string Percent(int64_t part, int64_t whole) {
  return whole == 0 ? "-"
                    : absl::StrFormat("%.2f %%", 100.0 * static_cast<double>(part) /
                                                     static_cast<double>(whole));
}

// Whether what is promised of so much work held.
bool Detected(int percent, const PairedEffect& effect) {
  switch (percent) {
    case 105:
      return effect.ratio_interval.low > 1;
    case 113:
      return effect.verdict == YELLOW || effect.verdict == RED;
    default:
      return effect.verdict == RED;
  }
}

class Selfcheck {
 public:
  explicit Selfcheck(const SelfcheckOptions& options) : options_(options), random_(options.seed) {}

  absl::StatusOr<SelfcheckResult> Run() {
    options_.progress("selfcheck: change points of 200 series");
    change_points_ = ProveChangePoints(200, random_());
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
    for (size_t session = 0; session == 0 || elapsed() < options_.length; ++session) {
      const Session kind{.percent = kSchedule[session % kSchedule.size()],
                         .neighbour = session % 2 == 1};
      if (absl::Status run = RunSession(kind); !run.ok()) return run;
      options_.progress(absl::StrCat(
          "selfcheck: ", absl::FormatDuration(absl::Trunc(elapsed(), absl::Seconds(1))), " of ",
          absl::FormatDuration(options_.length), ", ", ours(100).comparisons,
          " comparisons of equal builds, ", ours(100).slower, " false alarms"));
    }
    const bool held = Print(elapsed());
    return SelfcheckResult{.held = held, .text = std::move(text_)};
  }

 private:
  Tally& ours(int percent) { return tallies_[{percent, std::string(kOurs)}]; }

  absl::Status RunSession(const Session& session) {
    std::unique_ptr<BusyNeighbour> neighbour;
    if (session.neighbour) neighbour = std::make_unique<BusyNeighbour>(random_());
    EpochSource::Options sides;
    sides.target = "selfcheck";
    sides.baseline = {.path = options_.program, .directory = {}};
    sides.current = sides.baseline;
    sides.scratch = options_.scratch;
    sides.baseline.variables["PERF_SELFCHECK_PERCENT"] = "100";
    sides.current.variables["PERF_SELFCHECK_PERCENT"] = absl::StrCat(session.percent);
    std::vector<std::string> notes;
    absl::StatusOr<std::unique_ptr<EpochSource>> source =
        EpochSource::Create(std::move(sides), &notes);
    if (!source.ok()) return source.status();
    std::vector<std::unique_ptr<RoundSource>> sources;
    sources.push_back(*std::move(source));
    // That is at most a second of measuring for each benchmark and side.
    RunComparison(sources, {.max_rounds = kEpochThoroughness.full_rounds}, random_);
    if (session.percent == 100) {
      leanings_.medians.push_back(0);
      leanings_.verdicts.push_back(0);
    }
    for (const Compared& compared : sources[0]->compared()) {
      if (!compared.status.ok()) return compared.status;
      Count(session, compared);
    }
    return absl::OkStatus();
  }

  void Count(const Session& session, const Compared& compared) {
    Tally& tally = ours(session.percent);
    const PairedEffect& effect = compared.effect;
    ++tally.comparisons;
    tally.red += effect.verdict == RED;
    const bool slower = effect.verdict == RED || effect.verdict == YELLOW;
    const bool faster = effect.verdict == IMPROVED;
    tally.slower += slower;
    tally.faster += faster;
    tally.unresolved += effect.verdict == UNRESOLVED;
    tally.seen += effect.ratio_interval.low > 1;
    const absl::Span<const double> baseline = compared.baseline_samples;
    const absl::Span<const double> current = compared.current_samples;
    CountRival("mean beyond 10 %", session, MeanBeyondTenPercent(baseline, current));
    CountRival("Mann-Whitney p < .05", session, MannWhitney(baseline, current));
    CountRival("criterion", session, CriterionRule(baseline, current, random_()));
    CountRival("99 % t-intervals apart", session, SeparateIntervals(baseline, current));
    BenchmarkTally& benchmark = benchmarks_[compared.name];
    if (session.percent != 100) {
      Tally& detection = benchmark.detections[session.percent];
      ++detection.comparisons;
      detection.seen += Detected(session.percent, effect);
    } else {
      benchmark.effects.push_back(effect.change_percent);
      benchmark.rounds += static_cast<int64_t>(compared.log_ratios.size());
      leanings_.medians.back() += (effect.ratio > 1) - (effect.ratio < 1);
      leanings_.verdicts.back() += slower - faster;
    }
    side_seconds_ += compared.wall_ns / 2e9;
    ++all_comparisons_;
  }

  void CountRival(const std::string& rule, const Session& session, int says) {
    Tally& tally = tallies_[{session.percent, rule}];
    ++tally.comparisons;
    tally.slower += says > 0;
    tally.faster += says < 0;
  }

  // Writes all that was found, and returns whether every promise held.
  bool Print(absl::Duration elapsed) {
    const Tally equal = ours(100);
    absl::StrAppendFormat(&text_, "Self-check on %s, %s\n\n", MachineSlug(CurrentEnvironment()),
                          absl::FormatDuration(absl::Trunc(elapsed, absl::Seconds(1))));
    absl::StrAppendFormat(
        &text_,
        "%d comparisons of equal builds and %d of slowed ones, of %d kinds of benchmarks, every "
        "second\nsession beside a busy neighbour. A comparison measured %.2f s of each side; all "
        "rules saw the same\nsamples.\n\n",
        static_cast<int>(equal.comparisons), static_cast<int>(all_comparisons_ - equal.comparisons),
        static_cast<int>(benchmarks_.size()),
        side_seconds_ / static_cast<double>(all_comparisons_));
    absl::StrAppendFormat(&text_, "%-24s %12s %12s | called slower at %7s %9s %9s\n", "rule",
                          "false slower", "false faster", "+5 %", "+13 %", "+25 %");
    PrintRule(std::string(kOurs));
    for (const auto& [key, tally] : tallies_) {
      if (key.first == 100 && key.second != kOurs) PrintRule(key.second);
    }
    absl::StrAppendFormat(&text_, "\n%-24s %12s %14s %8s | %9s %9s %9s\n", "equal builds", "median",
                          "widest", "rounds", "+5 % seen", "+13 % yel", "+25 % red");
    for (auto& [name, benchmark] : benchmarks_) {
      std::vector<double>& effects = benchmark.effects;
      if (effects.empty()) continue;
      std::sort(effects.begin(), effects.end());
      absl::StrAppendFormat(
          &text_, "%-24s %10.2f %% %6.1f..%4.1f %% %8.1f |", name, Quantile(effects, 0.5),
          effects.front(), effects.back(),
          static_cast<double>(benchmark.rounds) / static_cast<double>(effects.size()));
      for (const int percent : {105, 113, 125}) {
        const Tally& detection = benchmark.detections[percent];
        absl::StrAppendFormat(&text_, " %9s",
                              absl::StrCat(detection.seen, "/", detection.comparisons));
      }
      absl::StrAppendFormat(&text_, "\n");
    }

    Promises promises;
    promises.AtMost("equal builds called red", equal.red, equal.comparisons, kFalseRed);
    promises.AtMost("equal builds called yellow", equal.slower - equal.red, equal.comparisons,
                    kFalseYellow);
    promises.AtMost("equal builds called improved", equal.faster, equal.comparisons, kFalseYellow);
    promises.AtLeast("+5 % is visible: interval beyond 1", ours(105).seen, ours(105).comparisons,
                     kSeenAt5);
    promises.AtLeast("+13 % is at least yellow", ours(113).slower, ours(113).comparisons,
                     kYellowAt13);
    promises.AtLeast("+25 % is red", ours(125).red, ours(125).comparisons, kRedAt25);
    promises.AtLeast("+25 % is at least yellow", ours(125).slower, ours(125).comparisons,
                     kYellowAt25);
    promises.Even("sessions of equal builds lean to either side", leanings_.medians);
    promises.Even("false alarms as rare as false improvements", leanings_.verdicts);
    for (const auto& [key, tally] : tallies_) {
      if (key.first != 100 || key.second == kOurs) continue;
      CompareFalseAlarms(key.second, tally, equal, promises);
    }
    absl::StrAppend(&text_, "\nPromises, with 95 % intervals\n", promises.text());
    const bool held = PrintChangePoints() && promises.held();
    absl::StrAppendFormat(&text_, "\n%s\n", held ? "Every promise held." : "A promise was broken.");
    return held;
  }

  bool PrintChangePoints() {
    const ChangePointScore& all = change_points_.all;
    Promises promises;
    promises.AtLeast("change points found that are some", all.matched, all.found, kChangePoints);
    promises.AtLeast("change points found of those there are", all.matched, all.true_changes,
                     kChangePoints);
    const ChangePointScore& spikes = change_points_.kinds[static_cast<size_t>(SeriesKind::kSpikes)];
    promises.AtMost("series with spikes that have one", spikes.found, spikes.series, 0);
    absl::StrAppend(&text_, "\nChange points of series of 200 points\n",
                    ChangePointTable(change_points_), "\nPromises\n", promises.text());
    return promises.held();
  }

  void PrintRule(const std::string& rule) {
    const auto slower = [&](int percent) {
      const Tally& tally = tallies_[{percent, rule}];
      return Percent(tally.slower, tally.comparisons);
    };
    const Tally& equal = tallies_[{100, rule}];
    absl::StrAppendFormat(&text_, "%-24s %12s %12s | %24s %9s %9s\n", rule, slower(100),
                          Percent(equal.faster, equal.comparisons), slower(105), slower(113),
                          slower(125));
  }

  // Compares false alarms in both directions. A rule that sees less of +13 % is not comparable, and
  // promises nothing.
  void CompareFalseAlarms(const std::string& rule, const Tally& rival, const Tally& equal,
                          Promises& promises) {
    const int64_t ours_false = equal.slower + equal.faster;
    const int64_t rivals_false = rival.slower + rival.faster;
    const bool sees_less = tallies_[{113, rule}].slower < ours(113).slower;
    const bool fewer = rivals_false > 0 && static_cast<double>(rivals_false) >=
                                               kFewerFalseAlarms * static_cast<double>(ours_false);
    promises.Add(absl::StrCat("false alarms, ours against ", rule),
                 absl::StrFormat("%4d against %4d%s", ours_false, rivals_false,
                                 sees_less ? ", which sees less of +13 %" : ""),
                 fewer || sees_less);
  }

  struct BenchmarkTally {
    // Effects that were measured of equal builds.
    std::vector<double> effects;
    int64_t rounds = 0;
    // By the work in percent; `seen` counts the comparisons of which the promise held.
    std::map<int, Tally> detections;
  };

  const SelfcheckOptions& options_;
  std::mt19937_64 random_;
  // By the work in percent and the rule.
  std::map<std::pair<int, std::string>, Tally> tallies_;
  std::map<std::string, BenchmarkTally> benchmarks_;
  Leanings leanings_;
  ChangePointProof change_points_;
  double side_seconds_ = 0;
  int64_t all_comparisons_ = 0;
  // What the result says.
  std::string text_;
};

}  // namespace

absl::StatusOr<SelfcheckResult> RunSelfcheck(const SelfcheckOptions& options) {
  return Selfcheck(options).Run();
}

}  // namespace perf
