#include "perf/selfcheck/rival_sequences.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "perf/ab/paired_effect.h"
#include "perf/ab/sign_sequence.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"

namespace perf {
namespace {

constexpr int kMaxRounds = 256;
// Each measurement is drawn this many times from its rounds.
constexpr int kDraws = 40;

class SignBetting : public SequentialRule {
 public:
  void Add(double figure) override {
    ++rounds_;
    below_ += figure < 0;
    above_ += figure > 0;
  }

  // A figure of exactly 0 speaks for neither side.
  int Side(double error_rate) const override {
    const int boundary = SignBoundary(rounds_, error_rate);
    if (rounds_ - above_ < boundary) return 1;
    return rounds_ - below_ < boundary ? -1 : 0;
  }

 private:
  int rounds_ = 0;
  int below_ = 0;
  int above_ = 0;
};

class SignLooks : public SequentialRule {
 public:
  void Add(double figure) override {
    ++rounds_;
    below_ += figure < 0;
    above_ += figure > 0;
    if (std::find(kLooks.begin(), kLooks.end(), rounds_) == kLooks.end()) return;
    const int fewer = rounds_ - std::max(below_, above_);
    const double error_rate =
        2 * BinomialTail(fewer, rounds_, 0.5) * static_cast<double>(kLooks.size());
    if (error_rate < least_error_rate_) {
      least_error_rate_ = error_rate;
      side_ = above_ > below_ ? 1 : -1;
    }
  }

  int Side(double error_rate) const override { return least_error_rate_ <= error_rate ? side_ : 0; }

 private:
  static constexpr std::array<int, 3> kLooks = {16, 64, 256};

  int rounds_ = 0;
  int below_ = 0;
  int above_ = 0;
  // The least error rate with which a look has shown a side.
  double least_error_rate_ = 1;
  int side_ = 0;
};

class RankBetting : public SequentialRule {
 public:
  RankBetting() { log_capital_.fill(0); }

  void Add(double figure) override {
    if (figure == 0) return;
    const double size = std::abs(figure);
    const auto place = std::upper_bound(sizes_.begin(), sizes_.end(), size);
    const auto smaller = static_cast<double>(place - sizes_.begin());
    sizes_.insert(place, size);
    const double stake = (smaller + 1) / static_cast<double>(sizes_.size());
    for (size_t i = 0; i < log_capital_.size(); ++i) {
      log_capital_[i] += std::log1p(Fraction(i) * (figure < 0 ? -stake : stake));
    }
  }

  int Side(double error_rate) const override {
    // A gambler bets on each side, with half of the capital each.
    constexpr size_t kHalf = kGamblers / 2;
    double above = 0;
    double below = 0;
    for (size_t i = 0; i < kHalf; ++i) {
      above += std::exp(log_capital_[i]) / kGamblers;
      below += std::exp(log_capital_[kHalf + i]) / kGamblers;
    }
    if (above + below < 1 / error_rate) return 0;
    return above > below ? 1 : -1;
  }

 private:
  static constexpr size_t kGamblers = 20;

  // The part of the capital that is at stake: 0.095 to 0.95 on figures above 0, and below.
  static double Fraction(size_t i) {
    constexpr size_t kHalf = kGamblers / 2;
    const double size = 0.95 * static_cast<double>(i % kHalf + 1) / kHalf;
    return i < kHalf ? size : -size;
  }

  // In ascending order.
  std::vector<double> sizes_;
  std::array<double, kGamblers> log_capital_;
};

class AsymptoticMean : public SequentialRule {
 public:
  void Add(double figure) override {
    ++rounds_;
    const double distance = figure - mean_;
    mean_ += distance / rounds_;
    squares_ += distance * (figure - mean_);
  }

  int Side(double error_rate) const override {
    constexpr int kMinRounds = 4;
    if (rounds_ < kMinRounds) return 0;
    // Theorem 2.2 of the paper, with rho for the narrowest interval at kNarrowest rounds.
    constexpr double kNarrowest = 16;
    const double twice = -2 * std::log(error_rate);
    const double rho_squared = (twice + std::log(twice + 1)) / kNarrowest;
    const double part = rounds_ * rho_squared + 1;
    const double radius =
        std::sqrt(squares_ / (rounds_ - 1)) *
        std::sqrt(2 * part / (static_cast<double>(rounds_) * rounds_ * rho_squared) *
                  std::log(std::sqrt(part) / error_rate));
    if (std::abs(mean_) <= radius) return 0;
    return mean_ > 0 ? 1 : -1;
  }

 private:
  int rounds_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

template <typename Rule>
std::unique_ptr<SequentialRule> Begin() {
  return std::make_unique<Rule>();
}

// Rounds until a question has its answer; kMaxRounds + 1 if it never has.
struct Rounds {
  std::vector<double> needed;

  std::string Text() {
    std::sort(needed.begin(), needed.end());
    const auto never = std::count(needed.begin(), needed.end(), kMaxRounds + 1);
    return absl::StrFormat("%6.0f %5.0f %6.2f %%", Quantile(needed, 0.5), Quantile(needed, 0.95),
                           100.0 * static_cast<double>(never) / static_cast<double>(needed.size()));
  }
};

std::string LineOf(const NamedRule& rule, absl::Span<const std::vector<double>> recorded,
                   std::mt19937_64& random) {
  const double line = std::log1p(kYellowPercent / 100);
  const double planted = std::log(1.25);
  const double corrected = kErrorRate / static_cast<double>(recorded.size());
  int64_t draws = 0;
  int64_t false_ones = 0;
  Rounds change;
  Rounds absence;
  for (const std::vector<double>& rounds : recorded) {
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto equal = rule.begin();
      const auto slower = rule.begin();
      const auto below_line = rule.begin();
      const auto above_line = rule.begin();
      bool called_unequal = false;
      double change_needs = kMaxRounds + 1;
      double absence_needs = kMaxRounds + 1;
      for (int round = 1; round <= kMaxRounds; ++round) {
        const double drawn = rounds[random() % rounds.size()];
        // Builds were equal, so which of the two was the current one is drawn, too.
        const double figure = (random() & 1) == 0 ? drawn : -drawn;
        equal->Add(figure);
        called_unequal = called_unequal || equal->Side(kErrorRate) != 0;
        if (change_needs > kMaxRounds) {
          slower->Add(figure + planted - line);
          if (slower->Side(corrected) == 1) change_needs = round;
        }
        if (absence_needs > kMaxRounds) {
          below_line->Add(figure - line);
          above_line->Add(figure + line);
          if (below_line->Side(2 * kMissRate) == -1 && above_line->Side(2 * kMissRate) == 1) {
            absence_needs = round;
          }
        }
      }
      ++draws;
      false_ones += called_unequal;
      change.needed.push_back(change_needs);
      absence.needed.push_back(absence_needs);
    }
  }
  return absl::StrFormat("  %-28s %9.2f %% | %s | %s\n", rule.name,
                         100.0 * static_cast<double>(false_ones) / static_cast<double>(draws),
                         change.Text(), absence.Text());
}

}  // namespace

absl::Span<const NamedRule> SequentialRules() {
  static constexpr NamedRule kRules[] = {
      {"sign, betting (ours)", &Begin<SignBetting>},
      {"sign, looks at 16, 64, 256", &Begin<SignLooks>},
      {"signed ranks, betting", &Begin<RankBetting>},
      {"mean, asymptotic", &Begin<AsymptoticMean>},
  };
  return kRules;
}

std::string CompareSequentialRules(absl::Span<const std::vector<double>> recorded,
                                   std::mt19937_64& random) {
  std::string text = absl::StrFormat(
      "  %-28s %11s | %21s | %21s\n  %-28s %11s | %6s %5s %8s | %6s %5s %8s\n",
      "rules, asked every round", "equal, yet", "+25 %: rounds to >10 %", "equal: to within 10 %",
      "", "unequal", "med", "p95", "never", "med", "p95", "never");
  for (const NamedRule& rule : SequentialRules()) text += LineOf(rule, recorded, random);
  return text;
}

}  // namespace perf
