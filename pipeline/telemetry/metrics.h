// Counters and histograms, and their text in the form of OpenMetrics.
//
// Families are added at the beginning, and counted in afterwards. Label values are those of an
// enumeration, so that there are few.
//
// Threads: any. Source: OpenMetrics 1.0 (github.com/prometheus/OpenMetrics, specification).
#ifndef PIPELINE_TELEMETRY_METRICS_H_
#define PIPELINE_TELEMETRY_METRICS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class MetricRegistry {
 public:
  struct Family {
    // The name has lower-case letters, digits and _; a unit is its last word. It has no _total.
    std::string name = {};
    // "seconds", or empty.
    std::string unit = {};
    std::string help = {};
    // Empty if the family has one series, without a label.
    std::string label = {};
  };

  // One number for each value of the label, which only grows.
  class Counter {
   public:
    explicit Counter(Family family) : family_(std::move(family)) {}
    // Adds; what is not positive changes nothing. `value`: of the label; UTF-8.
    void Add(absl::string_view value, int64_t count);

   private:
    friend class MetricRegistry;
    std::string Text() const;

    const Family family_;
    mutable annotated::Mutex mutex_;
    std::map<std::string, int64_t, std::less<>> counts_ ABSL_GUARDED_BY(mutex_);
  };

  class Histogram {
   public:
    Histogram(Family family, absl::Span<const double> bounds)
        : family_(std::move(family)), bounds_(bounds.begin(), bounds.end()) {}
    // `number` is in the family's unit; what is not finite is not counted.
    void Observe(absl::string_view value, double number);

   private:
    friend class MetricRegistry;
    struct Series {
      // One more than the bounds: what is above them all.
      std::vector<int64_t> buckets = {};
      double sum = 0;
    };
    std::string Text() const;
    Series& SeriesOf(absl::string_view value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

    const Family family_;
    const std::vector<double> bounds_;
    mutable annotated::Mutex mutex_;
    std::map<std::string, Series, std::less<>> series_ ABSL_GUARDED_BY(mutex_);
  };

  // The families live as long as the registry. Each value of `values` is there from the beginning,
  // with zero, and so is the one series of a family without a label, whose value is "".
  Counter* AddCounter(Family family, absl::Span<const absl::string_view> values = {});
  // `bounds`: the upper ones of the buckets, ascending and finite.
  Histogram* AddHistogram(Family family, absl::Span<const double> bounds,
                          absl::Span<const absl::string_view> values = {});

  // All families in the order in which they were added, and # EOF.
  std::string Text() const;

 private:
  // Exactly one of the two is set.
  struct Entry {
    std::unique_ptr<Counter> counter = {};
    std::unique_ptr<Histogram> histogram = {};
  };

  mutable annotated::Mutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_METRICS_H_
