#include "perf/history/history_json.h"

#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "command/terminal/printable.h"
#include "perf/record/record_text.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace perf {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// No record has bytes that are not UTF-8, but a database may: they are shown as escapes, so that
// what is written is JSON.
std::string Utf8(absl::string_view text) {
  return IsRecordText(text) ? std::string(text) : command::Printable(text);
}

void Put(Writer& writer, const char* name, absl::string_view text) {
  writer.Key(name);
  const std::string utf8 = Utf8(text);
  writer.String(utf8.data(), static_cast<rapidjson::SizeType>(utf8.size()));
}

void PutPoint(const HistoryPoint& point, Writer& writer) {
  writer.StartObject();
  Put(writer, "run_id", point.run_id);
  Put(writer, "commit", point.commit);
  writer.Key("dirty");
  writer.Bool(point.dirty);
  Put(writer, "time", absl::FormatTime(absl::RFC3339_full, point.time, absl::UTCTimeZone()));
  writer.Key("median");
  if (std::isfinite(point.median)) {
    writer.Double(point.median);
  } else {
    writer.Null();
  }
  writer.Key("num_samples");
  writer.Int64(point.num_samples);
  if (point.noise.has_value()) {
    Put(writer, "noise", *point.noise);
  } else {
    writer.Key("noise");
    writer.Null();
  }
  writer.EndObject();
}

}  // namespace

std::string SeriesJson(const HistorySeries& series) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  Put(writer, "machine", series.machine);
  Put(writer, "build", series.build);
  Put(writer, "name", series.name);
  Put(writer, "title", series.title);
  Put(writer, "load", series.load);
  Put(writer, "unit", series.unit);
  Put(writer, "better", absl::AsciiStrToLower(Better_Name(series.better)));
  writer.Key("points_left_out");
  writer.Int64(series.points_left_out);
  writer.Key("points");
  writer.StartArray();
  for (const HistoryPoint& point : series.points) PutPoint(point, writer);
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace perf
