#include "pipeline/telemetry/otlp_json.h"

#include <algorithm>
#include <cstdint>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pipeline/telemetry/utf8.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

// These are values of the enumerations Span.SpanKind and Status.StatusCode.
constexpr int kSpanKindInternal = 1;
constexpr int kStatusCodeError = 2;

constexpr char kScope[] = "parlance.pipeline";

class RequestWriter {
 public:
  std::string Write(absl::string_view service_name, absl::Span<const Span> spans) {
    writer_.StartObject();
    writer_.Key("resourceSpans");
    writer_.StartArray();
    writer_.StartObject();
    writer_.Key("resource");
    writer_.StartObject();
    WriteAttributes({{.key = "service.name", .value = std::string(service_name)}});
    writer_.EndObject();
    writer_.Key("scopeSpans");
    writer_.StartArray();
    writer_.StartObject();
    writer_.Key("scope");
    writer_.StartObject();
    writer_.Key("name");
    writer_.String(kScope);
    writer_.EndObject();
    writer_.Key("spans");
    writer_.StartArray();
    for (const Span& span : spans) WriteSpan(span);
    writer_.EndArray();
    writer_.EndObject();
    writer_.EndArray();
    writer_.EndObject();
    writer_.EndArray();
    writer_.EndObject();
    return buffer_.GetString();
  }

 private:
  void WriteText(absl::string_view key, absl::string_view text) {
    writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    const std::string utf8 = Utf8Of(text, kMaxAttributeBytes);
    writer_.String(utf8.data(), static_cast<rapidjson::SizeType>(utf8.size()));
  }

  // fixed64: nanoseconds since 1970, as a string.
  void WriteTime(absl::string_view key, absl::Time time) {
    WriteText(key, absl::StrCat(std::max<int64_t>(absl::ToUnixNanos(time), 0)));
  }

  void WriteAttributes(absl::Span<const Attribute> attributes) {
    writer_.Key("attributes");
    writer_.StartArray();
    for (const Attribute& attribute : attributes) {
      writer_.StartObject();
      WriteText("key", attribute.key);
      writer_.Key("value");
      writer_.StartObject();
      if (const auto* const text = std::get_if<std::string>(&attribute.value)) {
        WriteText("stringValue", *text);
      } else if (const auto* const number = std::get_if<int64_t>(&attribute.value)) {
        WriteText("intValue", absl::StrCat(*number));
      } else {
        writer_.Key("boolValue");
        writer_.Bool(std::get<bool>(attribute.value));
      }
      writer_.EndObject();
      writer_.EndObject();
    }
    writer_.EndArray();
  }

  void WriteSpan(const Span& span) {
    writer_.StartObject();
    WriteText("traceId", absl::StrCat(absl::Hex(span.trace_id_high, absl::kZeroPad16),
                                      absl::Hex(span.trace_id_low, absl::kZeroPad16)));
    WriteText("spanId", absl::StrCat(absl::Hex(span.span_id, absl::kZeroPad16)));
    if (span.parent_span_id != 0) {
      WriteText("parentSpanId", absl::StrCat(absl::Hex(span.parent_span_id, absl::kZeroPad16)));
    }
    WriteText("name", span.name);
    writer_.Key("kind");
    writer_.Int(kSpanKindInternal);
    WriteTime("startTimeUnixNano", span.start);
    WriteTime("endTimeUnixNano", span.end);
    WriteAttributes(span.attributes);
    if (!span.events.empty()) {
      writer_.Key("events");
      writer_.StartArray();
      for (const SpanEvent& event : span.events) {
        writer_.StartObject();
        WriteTime("timeUnixNano", event.time);
        WriteText("name", event.name);
        writer_.EndObject();
      }
      writer_.EndArray();
    }
    if (span.failed) {
      writer_.Key("status");
      writer_.StartObject();
      writer_.Key("code");
      writer_.Int(kStatusCodeError);
      writer_.EndObject();
    }
    writer_.EndObject();
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace

std::string ExportTraceRequestJson(absl::string_view service_name, absl::Span<const Span> spans) {
  return RequestWriter().Write(service_name, spans);
}

}  // namespace parlance::pipeline
