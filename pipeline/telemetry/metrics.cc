#include "pipeline/telemetry/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace parlance::pipeline {
namespace {

// A finite number in the form that reads back as it. Bounds of buckets have a point, as the format
// has its canonical numbers.
std::string Number(double value) {
  std::string text = absl::StrFormat("%.15g", value);
  if (!absl::StrContains(text, '.') && !absl::StrContains(text, 'e')) text += ".0";
  return text;
}

std::string Head(const MetricRegistry::Family& family, absl::string_view type) {
  return absl::StrCat(
      "# TYPE ", family.name, " ", type, "\n",
      family.unit.empty() ? "" : absl::StrCat("# UNIT ", family.name, " ", family.unit, "\n"),
      "# HELP ", family.name, " ",
      absl::StrReplaceAll(family.help, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}), "\n");
}

// {label="value",le="bound"}, as far as there are such.
std::string Labels(const MetricRegistry::Family& family, absl::string_view value,
                   absl::string_view bound) {
  std::string text;
  if (!family.label.empty()) {
    absl::StrAppend(&text, family.label, "=\"",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                    "\"");
  }
  if (!bound.empty()) absl::StrAppend(&text, text.empty() ? "" : ",", "le=\"", bound, "\"");
  return text.empty() ? "" : absl::StrCat("{", text, "}");
}

}  // namespace

void MetricRegistry::Counter::Add(absl::string_view value, int64_t count) {
  if (count <= 0) return;
  annotated::MutexLock lock(mutex_);
  counts_[std::string(value)] += count;
}

std::string MetricRegistry::Counter::Text() const {
  std::string text = Head(family_, "counter");
  annotated::MutexLock lock(mutex_);
  for (const auto& [value, count] : counts_) {
    absl::StrAppend(&text, family_.name, "_total", Labels(family_, value, ""), " ", count, "\n");
  }
  return text;
}

MetricRegistry::Histogram::Series& MetricRegistry::Histogram::SeriesOf(absl::string_view value) {
  Series& series = series_[std::string(value)];
  series.buckets.resize(bounds_.size() + 1);
  return series;
}

void MetricRegistry::Histogram::Observe(absl::string_view value, double number) {
  if (!std::isfinite(number)) return;
  // A bucket has what is at most its bound.
  const auto bucket =
      std::distance(bounds_.begin(), std::lower_bound(bounds_.begin(), bounds_.end(), number));
  annotated::MutexLock lock(mutex_);
  Series& series = SeriesOf(value);
  ++series.buckets[static_cast<size_t>(bucket)];
  series.sum += number;
}

std::string MetricRegistry::Histogram::Text() const {
  std::string text = Head(family_, "histogram");
  annotated::MutexLock lock(mutex_);
  for (const auto& [value, series] : series_) {
    int64_t count = 0;
    for (size_t i = 0; i < series.buckets.size(); ++i) {
      count += series.buckets[i];
      const std::string bound = i < bounds_.size() ? Number(bounds_[i]) : "+Inf";
      absl::StrAppend(&text, family_.name, "_bucket", Labels(family_, value, bound), " ", count,
                      "\n");
    }
    absl::StrAppend(&text, family_.name, "_count", Labels(family_, value, ""), " ", count, "\n");
    absl::StrAppend(&text, family_.name, "_sum", Labels(family_, value, ""), " ",
                    Number(series.sum), "\n");
  }
  return text;
}

MetricRegistry::Counter* MetricRegistry::AddCounter(Family family,
                                                    absl::Span<const absl::string_view> values) {
  auto counter = std::make_unique<Counter>(std::move(family));
  Counter* const added = counter.get();
  {
    annotated::MutexLock lock(added->mutex_);
    if (added->family_.label.empty()) added->counts_[""] = 0;
    for (const absl::string_view value : values) added->counts_[std::string(value)] = 0;
  }
  annotated::MutexLock lock(mutex_);
  entries_.push_back({.counter = std::move(counter)});
  return added;
}

MetricRegistry::Histogram* MetricRegistry::AddHistogram(
    Family family, absl::Span<const double> bounds, absl::Span<const absl::string_view> values) {
  auto histogram = std::make_unique<Histogram>(std::move(family), bounds);
  Histogram* const added = histogram.get();
  {
    annotated::MutexLock lock(added->mutex_);
    if (added->family_.label.empty()) added->SeriesOf("");
    for (const absl::string_view value : values) added->SeriesOf(value);
  }
  annotated::MutexLock lock(mutex_);
  entries_.push_back({.histogram = std::move(histogram)});
  return added;
}

std::string MetricRegistry::Text() const {
  std::string text;
  annotated::MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    text += entry.counter != nullptr ? entry.counter->Text() : entry.histogram->Text();
  }
  return text + "# EOF\n";
}

}  // namespace parlance::pipeline
