#include "perf/bisect/bisect.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/ab/paired_effect.h"
#include "perf/ab/sign_sequence.h"
#include "perf/record/short_commit.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

// The whole change is measured at least so often, as all further steps are held against half of it.
constexpr int kMinWholeRounds = 24;

// Which side of `centre` the median of the figures is on: 1 above, -1 below, 0 if that is not
// clear. It may be asked after each figure. One that is exactly there speaks for neither side.
int SideOf(absl::Span<const double> figures, double centre) {
  const auto below = absl::c_count_if(figures, [centre](double figure) { return figure < centre; });
  const auto above = absl::c_count_if(figures, [centre](double figure) { return figure > centre; });
  const auto rounds = static_cast<int>(figures.size());
  const int boundary = SignBoundary(rounds, kStepErrorRate);
  if (rounds - above < boundary) return 1;
  return rounds - below < boundary ? -1 : 0;
}

class Search {
 public:
  Search(CommitGraph& graph, CandidateBuilder& builder, const BisectOptions& options,
         std::mt19937_64& random)
      : graph_(graph), builder_(builder), options_(options), random_(random) {}

  absl::StatusOr<BisectResult> Run() {
    if (options_.good == options_.bad) {
      return absl::FailedPreconditionError("the good and the bad revision are the same commit");
    }
    for (const BisectStep& step : options_.known) known_[step.commit] = step;
    absl::StatusOr<BisectStep> whole = Try(options_.bad);
    if (!whole.ok()) return whole.status();
    if (whole->outcome == BisectStep::Outcome::kSkipped) {
      return absl::FailedPreconditionError(
          absl::StrCat("the bad revision cannot be tried: ", whole->why));
    }
    if (whole->outcome == BisectStep::Outcome::kGood) {
      return absl::NotFoundError(absl::StrCat(
          "there is no change to look for: ",
          whole->rounds == 0
              ? whole->why
              : absl::StrCat("beside the good revision, the bad one is ", ChangeText(*whole),
                             " after ", whole->rounds, " rounds")));
    }
    result_.change = *whole;
    std::vector<std::string> good = {options_.good};
    for (;;) {
      absl::StatusOr<std::vector<std::string>> suspects =
          graph_.Suspects(result_.change.commit, good);
      if (!suspects.ok()) return suspects.status();
      const std::optional<std::string> next = Next(*suspects);
      if (!next.has_value()) {
        result_.suspects = *std::move(suspects);
        return std::move(result_);
      }
      options_.say(absl::StrCat(suspects->size(), " commits to go, trying ", ShortCommit(*next)));
      absl::StatusOr<BisectStep> step = Try(*next);
      if (!step.ok()) return step.status();
      if (step->outcome == BisectStep::Outcome::kGood) good.push_back(*next);
      if (step->outcome == BisectStep::Outcome::kBad) result_.change = *std::move(step);
    }
  }

 private:
  // The next one to try: none if all but the bad one were skipped.
  std::optional<std::string> Next(const std::vector<std::string>& suspects) const {
    for (const std::string& commit : suspects) {
      if (commit != result_.change.commit && !skipped_.contains(commit)) return commit;
    }
    return std::nullopt;
  }

  absl::StatusOr<BisectStep> Try(const std::string& commit) {
    BisectStep step;
    if (const auto found = known_.find(commit); found != known_.end()) {
      step = found->second;
    } else {
      absl::StatusOr<BisectStep> decided = Decide(commit);
      if (!decided.ok()) return decided.status();
      step = *std::move(decided);
      if (absl::Status kept = options_.keep(step); !kept.ok()) return kept;
    }
    if (step.outcome == BisectStep::Outcome::kSkipped) skipped_[commit] = step.why;
    options_.say(Describe(step));
    result_.steps.push_back(step);
    return step;
  }

  static std::string Describe(const BisectStep& step) {
    const char* word = step.outcome == BisectStep::Outcome::kGood  ? "good"
                       : step.outcome == BisectStep::Outcome::kBad ? "bad"
                                                                   : "skipped";
    return absl::StrCat(
        ShortCommit(step.commit), " is ", word,
        step.rounds == 0 ? "" : absl::StrCat(": ", ChangeText(step), ", ", step.rounds, " rounds"),
        step.why.empty() ? "" : absl::StrCat(": ", step.why));
  }

  absl::StatusOr<BisectStep> Decide(const std::string& commit) {
    BisectStep step = {.commit = commit};
    absl::StatusOr<Candidate> candidate = builder_.Build(commit);
    if (!candidate.ok()) {
      step.why = std::string(candidate.status().message());
      return step;
    }
    if (candidate->same != Candidate::Same::kNothing) {
      const bool good = candidate->same == Candidate::Same::kGood;
      step.outcome = good ? BisectStep::Outcome::kGood : BisectStep::Outcome::kBad;
      step.why = absl::StrCat("its code is that of the ", good ? "good" : "bad", " revision");
      // What the bad revision measures is what this one would.
      step.change = good ? 0 : result_.change.change;
      return step;
    }
    return Measure(*candidate, std::move(step));
  }

  absl::StatusOr<BisectStep> Measure(const Candidate& candidate, BisectStep step) {
    const Compared& compared = candidate.source->compared()[candidate.index];
    // The first comparison looks for any change, the others for half of that one.
    const bool whole = step.commit == options_.bad;
    const double centre = whole ? 0 : result_.change.change / 2;
    int side = 0;
    while (compared.status.ok()) {
      side = compared.deterministic ? ExactSide(compared.log_ratios.front(), centre)
                                    : SideOf(compared.log_ratios, centre);
      if (compared.deterministic || compared.rounds() >= options_.max_rounds) break;
      if (side != 0 && (!whole || compared.rounds() >= kMinWholeRounds)) break;
      if (options_.interrupted()) {
        return absl::CancelledError("interrupted; the same command goes on from here");
      }
      candidate.source->RunRound({&candidate.index, 1}, random_);
      options_.progress(absl::StrCat(ShortCommit(step.commit), ": ", compared.rounds(), " rounds"));
    }
    if (!compared.status.ok()) {
      step.why = std::string(compared.status.message());
      return step;
    }
    const PairedEffect effect =
        JudgeRounds(compared.log_ratios, 1, compared.better, compared.thoroughness());
    step.rounds = compared.rounds();
    step.change = std::log(effect.ratio);
    step.low = compared.deterministic ? step.change : std::log(effect.ratio_interval.low);
    step.high = compared.deterministic ? step.change : std::log(effect.ratio_interval.high);
    if (whole) {
      step.outcome = side == 0 ? BisectStep::Outcome::kGood : BisectStep::Outcome::kBad;
    } else if (side == 0) {
      step.why = "too noisy to tell";
    } else {
      const bool beyond = (side > 0) == (result_.change.change > 0);
      step.outcome = beyond ? BisectStep::Outcome::kBad : BisectStep::Outcome::kGood;
    }
    return step;
  }

  static int ExactSide(double figure, double centre) {
    return figure == centre ? 0 : (figure > centre ? 1 : -1);
  }

  CommitGraph& graph_;
  CandidateBuilder& builder_;
  const BisectOptions& options_;
  std::mt19937_64& random_;
  std::map<std::string, BisectStep> known_;
  // Commits that could not be tried, and why.
  std::map<std::string, std::string> skipped_;
  BisectResult result_;
};

}  // namespace

std::string ChangeText(const BisectStep& step) {
  const auto percent = [](double log_ratio) { return std::expm1(log_ratio) * 100; };
  std::string text = absl::StrFormat("%+.1f %%", percent(step.change));
  if (std::isfinite(step.low) && std::isfinite(step.high)) {
    absl::StrAppendFormat(&text, " (between %+.1f and %+.1f %%)", percent(step.low),
                          percent(step.high));
  }
  return text;
}

absl::StatusOr<BisectResult> Bisect(CommitGraph& graph, CandidateBuilder& builder,
                                    const BisectOptions& options, std::mt19937_64& random) {
  return Search(graph, builder, options, random).Run();
}

}  // namespace perf
