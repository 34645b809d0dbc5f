#include "perf/selfcheck/suite_selfcheck.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/ab/comparison.h"
#include "perf/selfcheck/promises.h"
#include "perf/selfcheck/rival_sequences.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"

namespace perf {
namespace {

using Sources = google::protobuf::RepeatedPtrField<RecordedSource>;

// Promises; docs/method.md says what they mean.
struct Promised {
  // The part of those without a change that is stable with a change of 10 % excluded.
  double resolved;
  double red_at_25;
  double yellow_at_13;
  double improved_at_20;
};
constexpr Promised kQuiet = {
    .resolved = 0.95, .red_at_25 = 0.999, .yellow_at_13 = 0.80, .improved_at_20 = 0.999};
// A neighbour takes time, and leaves the error rate as it is.
constexpr Promised kBesideNeighbour = {
    .resolved = 0.80, .red_at_25 = 0.85, .yellow_at_13 = 0.80, .improved_at_20 = 0.85};
constexpr double kSuitesWithFalseAlarm = 0.01;

// What is planted, in percent of the time, and how often.
struct Planted {
  double percent;
  int count;
};
constexpr std::array<Planted, 3> kPlanted = {Planted{13, 5}, Planted{25, 5}, Planted{-20, 3}};

// This many rounds are drawn one after the other, as they were recorded, because what disturbs one
// disturbs the next.
constexpr int kRunOfRounds = 8;

// Rounds drawn from those that were recorded. Builds were equal, so which of the two was the
// current one is drawn, too.
class ReplayedSource : public RoundSource {
 public:
  // `clock` goes on by what each round cost.
  ReplayedSource(const RecordedSource& recorded, absl::Duration* clock)
      : recorded_(recorded), clock_(clock) {
    for (const RecordedMeasurement& measurement : recorded.measurements()) {
      compared_.push_back({.target = recorded.target(),
                           .name = measurement.name(),
                           .title = measurement.name(),
                           .unit = "ns",
                           .component = {},
                           .whole_process = measurement.whole_process()});
    }
    shifts_.resize(compared_.size());
    next_.resize(compared_.size());
  }

  // Makes a measurement slower by so many percent.
  void Plant(size_t i, double percent) { shifts_[i] = std::log1p(percent / 100); }
  double shift(size_t i) const { return shifts_[i]; }

  void RunRound(absl::Span<const size_t> which, std::mt19937_64& random) override {
    const absl::Duration shared = absl::Seconds(recorded_.shared_seconds());
    AddSharedCost(shared);
    *clock_ += shared;
    for (const size_t i : which) {
      const RecordedMeasurement& measurement = recorded_.measurements(static_cast<int>(i));
      Compared& compared = compared_[i];
      const auto size = static_cast<size_t>(measurement.log_ratios_size());
      if (compared.rounds() % kRunOfRounds == 0) next_[i] = random() % size;
      const double drawn = measurement.log_ratios(static_cast<int>(next_[i]));
      next_[i] = (next_[i] + 1) % size;
      compared.log_ratios.push_back(((random() & 1) == 0 ? drawn : -drawn) + shifts_[i]);
      const absl::Duration cost = absl::Seconds(measurement.seconds());
      compared.spent += cost;
      *clock_ += cost;
    }
  }

 private:
  const RecordedSource& recorded_;
  absl::Duration* const clock_;
  // What is added to each figure.
  std::vector<double> shifts_;
  // Which recorded round comes next.
  std::vector<size_t> next_;
};

// What became of all suites of one condition.
struct Tally {
  int suites = 0;
  int64_t measurements = 0;
  int64_t unchanged = 0;
  // Stable with a change of 10 % excluded.
  int64_t unchanged_resolved = 0;
  int64_t unchanged_unresolved = 0;
  int64_t slower_13 = 0;
  int64_t slower_13_yellow = 0;
  int64_t slower_25 = 0;
  int64_t slower_25_red = 0;
  int64_t faster_20 = 0;
  int64_t faster_20_improved = 0;
  int64_t suites_with_false_alarm = 0;
  int64_t suites_with_false_improvement = 0;
  // False verdicts among all that are coloured.
  int64_t coloured = 0;
  int64_t coloured_falsely = 0;
  std::vector<double> minutes;
  // When so much of the unchanged was resolved; without those suites in which it never was.
  std::vector<double> minutes_to_95_percent;
};

bool Resolved(const Compared& compared) {
  return compared.effect.verdict == STABLE && compared.effect.ten_percent_excluded;
}

class Simulation {
 public:
  Simulation(const Sources& recorded, absl::Duration time_budget, std::mt19937_64& random)
      : recorded_(recorded), time_budget_(time_budget), random_(random) {}

  void RunSuite(Tally& tally) {
    clock_ = absl::ZeroDuration();
    std::vector<std::unique_ptr<RoundSource>> sources;
    std::vector<ReplayedSource*> replayed;
    std::vector<std::pair<ReplayedSource*, size_t>> all;
    for (const RecordedSource& source : recorded_) {
      auto made = std::make_unique<ReplayedSource>(source, &clock_);
      for (size_t i = 0; i < made->compared().size(); ++i) all.emplace_back(made.get(), i);
      replayed.push_back(made.get());
      sources.push_back(std::move(made));
    }
    std::shuffle(all.begin(), all.end(), random_);
    size_t next = 0;
    for (const Planted& planted : kPlanted) {
      for (int i = 0; i < planted.count; ++i, ++next) {
        all[next].first->Plant(all[next].second, planted.percent);
      }
    }
    const size_t unchanged = all.size() - next;
    double to_95_percent = -1;
    RunComparison(sources,
                  {.time_budget = time_budget_,
                   .progress =
                       [&](const ComparisonProgress& progress) {
                         if (to_95_percent >= 0) return;
                         size_t resolved = 0;
                         for (size_t i = next; i < all.size(); ++i) {
                           resolved += Resolved(all[i].first->compared()[all[i].second]);
                         }
                         if (static_cast<double>(resolved) >=
                             kQuiet.resolved * static_cast<double>(unchanged)) {
                           to_95_percent = absl::ToDoubleMinutes(progress.elapsed);
                         }
                       },
                   .clock = [&] { return clock_; }},
                  random_);
    ++tally.suites;
    tally.minutes.push_back(absl::ToDoubleMinutes(clock_));
    if (to_95_percent >= 0) tally.minutes_to_95_percent.push_back(to_95_percent);
    bool false_alarm = false;
    bool false_improvement = false;
    for (const auto& [source, i] : all) {
      const Compared& compared = source->compared()[i];
      const Verdict verdict = compared.effect.verdict;
      const double shift = source->shift(i);
      const bool slower = verdict == RED || verdict == YELLOW;
      ++tally.measurements;
      tally.coloured += slower || verdict == IMPROVED;
      if (shift == 0) {
        ++tally.unchanged;
        tally.unchanged_resolved += Resolved(compared);
        tally.unchanged_unresolved += verdict == UNRESOLVED;
        tally.coloured_falsely += slower || verdict == IMPROVED;
        false_alarm |= slower;
        false_improvement |= verdict == IMPROVED;
      } else if (shift < 0) {
        ++tally.faster_20;
        tally.faster_20_improved += verdict == IMPROVED;
        tally.coloured_falsely += slower;
        false_alarm |= slower;
      } else if (shift < std::log(1.2)) {
        ++tally.slower_13;
        tally.slower_13_yellow += slower;
        tally.coloured_falsely += verdict == IMPROVED;
      } else {
        ++tally.slower_25;
        tally.slower_25_red += verdict == RED;
        tally.coloured_falsely += verdict == IMPROVED;
      }
    }
    tally.suites_with_false_alarm += false_alarm;
    tally.suites_with_false_improvement += false_improvement;
  }

 private:
  const Sources& recorded_;
  const absl::Duration time_budget_;
  std::mt19937_64& random_;
  absl::Duration clock_;
};

double SortedQuantile(std::vector<double> figures, double probability) {
  std::sort(figures.begin(), figures.end());
  return Quantile(figures, probability);
}

std::string Minutes(const std::vector<double>& minutes, double probability) {
  return minutes.empty() ? "-" : absl::StrFormat("%.1f", SortedQuantile(minutes, probability));
}

std::string Share(int64_t part, int64_t whole) {
  return whole == 0 ? "-"
                    : absl::StrFormat("%.2f %%", 100.0 * static_cast<double>(part) /
                                                     static_cast<double>(whole));
}

int Count(const Sources& sources) {
  int count = 0;
  for (const RecordedSource& source : sources) count += source.measurements_size();
  return count;
}

// The measurements that spread most, with what was recorded of them.
std::string NoisiestTable(const Sources& sources) {
  struct Line {
    double spread;
    std::string text;
  };
  std::vector<Line> lines;
  for (const RecordedSource& source : sources) {
    for (const RecordedMeasurement& measurement : source.measurements()) {
      std::vector<double> sizes;
      for (const double log_ratio : measurement.log_ratios()) sizes.push_back(std::abs(log_ratio));
      const double spread = SortedQuantile(sizes, 0.5) * 100;
      lines.push_back({spread, absl::StrFormat("  %-44s %6.1f %% %7d %9.3f s\n", measurement.name(),
                                               spread, measurement.log_ratios_size(),
                                               measurement.seconds() + source.shared_seconds())});
    }
  }
  constexpr size_t kShown = 10;
  const size_t shown = std::min(kShown, lines.size());
  std::partial_sort(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), lines.end(),
                    [](const Line& one, const Line& other) { return one.spread > other.spread; });
  std::string text =
      absl::StrFormat("  %-44s %8s %7s %11s\n", "noisiest", "|d|", "rounds", "a round");
  for (size_t i = 0; i < shown; ++i) absl::StrAppend(&text, lines[i].text);
  return text;
}

// What rules other than ours would make of these rounds.
std::string RulesTable(const Sources& sources, std::mt19937_64& random) {
  std::vector<std::vector<double>> recorded;
  for (const RecordedSource& source : sources) {
    for (const RecordedMeasurement& measurement : source.measurements()) {
      recorded.emplace_back(measurement.log_ratios().begin(), measurement.log_ratios().end());
    }
  }
  return CompareSequentialRules(recorded, random);
}

}  // namespace

Sources RecordRounds(absl::Span<const std::unique_ptr<RoundSource>> sources, absl::Duration length,
                     std::mt19937_64& random,
                     const std::function<void(absl::string_view)>& progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  // A round of one source each: cheap ones would have far more rounds than they need otherwise.
  for (int rounds = 0; rounds == 0 || elapsed() < length; ++rounds) {
    for (const auto& source : sources) {
      std::vector<size_t> which;
      for (size_t i = 0; i < source->compared().size(); ++i) {
        if (!source->compared()[i].Done()) which.push_back(i);
      }
      if (!which.empty()) source->RunRound(which, random);
    }
    progress(
        absl::StrCat("recording: ", absl::FormatDuration(absl::Trunc(elapsed(), absl::Seconds(1))),
                     " of ", absl::FormatDuration(length), ", ", rounds + 1, " rounds"));
  }
  Sources recorded;
  for (const auto& source : sources) {
    RecordedSource made;
    made.set_shared_seconds(absl::ToDoubleSeconds(source->SharedCost()));
    for (const Compared& compared : source->compared()) {
      if (compared.deterministic || !compared.status.ok() || compared.log_ratios.empty()) continue;
      made.set_target(compared.target);
      RecordedMeasurement& measurement = *made.add_measurements();
      measurement.set_name(compared.name);
      measurement.set_whole_process(compared.whole_process);
      measurement.set_seconds(absl::ToDoubleSeconds(compared.RoundCost()));
      measurement.mutable_log_ratios()->Add(compared.log_ratios.begin(), compared.log_ratios.end());
    }
    if (made.measurements_size() > 0) *recorded.Add() = std::move(made);
  }
  return recorded;
}

SuiteSelfcheckResult RunSuiteSelfcheck(const RecordedRounds& recorded,
                                       const SuiteSelfcheckOptions& options) {
  SuiteSelfcheckResult result;
  absl::StrAppendFormat(
      &result.text,
      "Self-check of a suite on %s, rounds of %s\n\n%d suites of %d measurements, "
      "with 5 that are 13 %% slower, 5 that are 25 %% slower and\n3 that are 20 %% "
      "faster, at most %s each.\n\n",
      recorded.machine(), recorded.commit(), options.suites, Count(recorded.quiet()),
      absl::FormatDuration(options.time_budget));
  const struct {
    const char* name;
    const Sources& sources;
    const Promised& promised;
  } conditions[] = {
      {"quiet", recorded.quiet(), kQuiet},
      {"busy neighbour", recorded.neighbour(), kBesideNeighbour},
  };
  absl::StrAppendFormat(&result.text, "%-16s %17s %11s | %9s %10s | %8s %9s %9s | %9s %9s %9s\n",
                        "", "minutes med, p95", "to 95 %", "resolved", "unresolved", "+13 %yel",
                        "+25 %red", "-20 %impr", "FWER red", "FWER impr", "FDR");
  Promises promises;
  // What follows the table, by condition.
  std::string details;
  for (const auto& condition : conditions) {
    if (condition.sources.empty()) continue;
    std::mt19937_64 random(options.seed);
    Tally tally;
    for (int suite = 0; suite < options.suites; ++suite) {
      Simulation(condition.sources, options.time_budget, random).RunSuite(tally);
      options.progress(absl::StrCat("selfcheck: ", condition.name, ", ", suite + 1, " of ",
                                    options.suites, " suites"));
    }
    absl::StrAppendFormat(
        &result.text, "%-16s %9s %7s %11s | %9s %10s | %8s %9s %9s | %9s %9s %9s\n", condition.name,
        Minutes(tally.minutes, 0.5), Minutes(tally.minutes, 0.95),
        Minutes(tally.minutes_to_95_percent, 0.5), Share(tally.unchanged_resolved, tally.unchanged),
        Share(tally.unchanged_unresolved, tally.unchanged),
        Share(tally.slower_13_yellow, tally.slower_13), Share(tally.slower_25_red, tally.slower_25),
        Share(tally.faster_20_improved, tally.faster_20),
        Share(tally.suites_with_false_alarm, tally.suites),
        Share(tally.suites_with_false_improvement, tally.suites),
        Share(tally.coloured_falsely, tally.coloured));
    const auto named = [&](const char* what) { return absl::StrCat(condition.name, ": ", what); };
    promises.AtLeast(named("unchanged, 10 % excluded"), tally.unchanged_resolved, tally.unchanged,
                     condition.promised.resolved);
    promises.AtLeast(named("+25 % is red"), tally.slower_25_red, tally.slower_25,
                     condition.promised.red_at_25);
    promises.AtLeast(named("+13 % is at least yellow"), tally.slower_13_yellow, tally.slower_13,
                     condition.promised.yellow_at_13);
    promises.AtLeast(named("-20 % is improved"), tally.faster_20_improved, tally.faster_20,
                     condition.promised.improved_at_20);
    promises.AtMost(named("suites with a false red or yellow"), tally.suites_with_false_alarm,
                    tally.suites, kSuitesWithFalseAlarm);
    absl::StrAppend(&details, "\n", condition.name, "\n", RulesTable(condition.sources, random),
                    NoisiestTable(condition.sources));
  }
  absl::StrAppend(&result.text, details, "\nPromises, with 95 % intervals\n", promises.text());
  result.held = promises.held();
  absl::StrAppend(&result.text, "\n", result.held ? "Every promise held." : "A promise was broken.",
                  "\n");
  return result;
}

}  // namespace perf
