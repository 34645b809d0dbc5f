#include "pipeline/telemetry/testing/otlp_checker.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {
namespace {

using rapidjson::Value;

class Reader {
 public:
  absl::StatusOr<ReceivedRequest> Read(absl::string_view json) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
    if (document.HasParseError()) return absl::InvalidArgumentError("it is not JSON");
    Object(document, "request",
           {{"resourceSpans",
             [&](const Value& value, const std::string& at) {
               Each(value, at, [&](const Value& each, const std::string& where) {
                 ResourceSpans(each, where);
               });
             }}},
           {"resourceSpans"});
    if (!fault_.empty()) return absl::InvalidArgumentError(fault_);
    return std::move(request_);
  }

 private:
  using Check = std::function<void(const Value&, const std::string&)>;
  using Members = std::vector<std::pair<std::string, Check>>;

  void Fault(const std::string& at, absl::string_view what) {
    if (fault_.empty()) fault_ = absl::StrCat(at, ": ", what);
  }

  void Object(const Value& value, const std::string& at, const Members& members,
              const std::vector<std::string>& required) {
    if (!value.IsObject()) return Fault(at, "is not an object");
    std::set<std::string> seen;
    for (const auto& member : value.GetObject()) {
      const std::string name = member.name.GetString();
      if (!seen.insert(name).second) Fault(absl::StrCat(at, ".", name), "is there twice");
      const auto known = std::find_if(members.begin(), members.end(),
                                      [&](const auto& each) { return each.first == name; });
      if (known == members.end()) {
        Fault(absl::StrCat(at, ".", name), "is not of the protocol");
      } else {
        known->second(member.value, absl::StrCat(at, ".", name));
      }
    }
    for (const std::string& name : required) {
      if (seen.count(name) == 0) Fault(absl::StrCat(at, ".", name), "is missing");
    }
  }

  void Each(const Value& value, const std::string& at, const Check& check) {
    if (!value.IsArray()) return Fault(at, "is not an array");
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      check(value[i], absl::StrCat(at, "[", i, "]"));
    }
  }

  Check String(std::string* out) {
    return [this, out](const Value& value, const std::string& at) {
      if (!value.IsString()) return Fault(at, "is not a string");
      *out = std::string(value.GetString(), value.GetStringLength());
    };
  }

  Check Id(size_t digits, std::string* out) {
    return [this, digits, out](const Value& value, const std::string& at) {
      if (!value.IsString()) return Fault(at, "is not a string");
      const std::string id = value.GetString();
      const bool is_hex = id.size() == digits &&
                          id.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
      if (!is_hex) return Fault(at, absl::StrCat("is not of ", digits, " hexadecimal digits"));
      if (id.find_first_not_of('0') == std::string::npos) return Fault(at, "is zero");
      *out = id;
    };
  }

  // An integer of 64 bits: decimal, in a string.
  Check Int64(int64_t least, int64_t* out) {
    return [this, least, out](const Value& value, const std::string& at) {
      if (!value.IsString()) return Fault(at, "is not a string with a number");
      const std::string text = value.GetString();
      if (!absl::SimpleAtoi(text, out) || absl::StrCat(*out) != text || *out < least) {
        Fault(at, "is not a decimal number in its range");
      }
    };
  }

  Check Enumeration(int most, int* out) {
    return [this, most, out](const Value& value, const std::string& at) {
      if (!value.IsInt()) return Fault(at, "is not a number");
      *out = value.GetInt();
      if (*out < 0 || *out > most) Fault(at, "is not a value of the enumeration");
    };
  }

  Check Uint32() {
    return [this](const Value& value, const std::string& at) {
      if (!value.IsUint()) Fault(at, "is not a number of 32 bits");
    };
  }

  Check Attributes(std::map<std::string, std::string>* out) {
    return [this, out](const Value& value, const std::string& at) {
      Each(value, at, [&](const Value& each, const std::string& where) {
        std::string key;
        std::string text;
        Object(each, where, {{"key", String(&key)}, {"value", AnyValue(&text)}}, {"key", "value"});
        if (key.empty()) Fault(where, "has no key");
        if (!out->emplace(key, text).second) Fault(where, "has a key that is there already");
      });
    };
  }

  Check AnyValue(std::string* out) {
    return [this, out](const Value& value, const std::string& at) {
      const auto boolean = [&](const Value& each, const std::string& where) {
        if (!each.IsBool()) return Fault(where, "is not a boolean");
        *out = each.GetBool() ? "true" : "false";
      };
      const auto number = [&](const Value& each, const std::string& where) {
        if (!each.IsNumber()) Fault(where, "is not a number");
      };
      int64_t integer = 0;
      const auto whole = [&](const Value& each, const std::string& where) {
        Int64(INT64_MIN, &integer)(each, where);
        *out = absl::StrCat(integer);
      };
      Object(value, at,
             {{"stringValue", String(out)},
              {"boolValue", boolean},
              {"intValue", whole},
              {"doubleValue", number}},
             {});
      if (value.IsObject() && value.MemberCount() != 1) Fault(at, "has not exactly one value");
    };
  }

  void ResourceSpans(const Value& value, const std::string& at) {
    std::string schema;
    Object(value, at,
           {{"resource",
             [&](const Value& resource, const std::string& where) {
               Object(resource, where,
                      {{"attributes", Attributes(&request_.resource)},
                       {"droppedAttributesCount", Uint32()}},
                      {});
             }},
            {"scopeSpans",
             [&](const Value& scopes, const std::string& where) {
               Each(scopes, where, [&](const Value& scope, const std::string& there) {
                 ScopeSpans(scope, there);
               });
             }},
            {"schemaUrl", String(&schema)}},
           {"resource", "scopeSpans"});
  }

  void ScopeSpans(const Value& value, const std::string& at) {
    std::string text;
    std::map<std::string, std::string> attributes;
    Object(value, at,
           {{"scope",
             [&](const Value& scope, const std::string& where) {
               Object(scope, where,
                      {{"name", String(&text)},
                       {"version", String(&text)},
                       {"attributes", Attributes(&attributes)},
                       {"droppedAttributesCount", Uint32()}},
                      {"name"});
             }},
            {"spans",
             [&](const Value& spans, const std::string& where) {
               Each(spans, where,
                    [&](const Value& span, const std::string& there) { Span(span, there); });
             }},
            {"schemaUrl", String(&text)}},
           {"spans"});
  }

  void Span(const Value& value, const std::string& at) {
    ReceivedSpan span;
    std::string text;
    int kind = 0;
    int code = 0;
    const Check status = [&](const Value& each, const std::string& where) {
      Object(each, where, {{"message", String(&text)}, {"code", Enumeration(2, &code)}}, {});
    };
    const Check events = [&](const Value& list, const std::string& where) {
      Each(list, where, [&](const Value& event, const std::string& there) {
        std::string name;
        int64_t time = 0;
        std::map<std::string, std::string> attributes;
        Object(event, there,
               {{"timeUnixNano", Int64(0, &time)},
                {"name", String(&name)},
                {"attributes", Attributes(&attributes)},
                {"droppedAttributesCount", Uint32()}},
               {"timeUnixNano", "name"});
        span.events[name] = time;
      });
    };
    Object(value, at,
           {{"traceId", Id(32, &span.trace_id)},
            {"spanId", Id(16, &span.span_id)},
            {"traceState", String(&text)},
            {"parentSpanId", Id(16, &span.parent_span_id)},
            {"flags", Uint32()},
            {"name", String(&span.name)},
            {"kind", Enumeration(5, &kind)},
            {"startTimeUnixNano", Int64(1, &span.start)},
            {"endTimeUnixNano", Int64(1, &span.end)},
            {"attributes", Attributes(&span.attributes)},
            {"droppedAttributesCount", Uint32()},
            {"events", events},
            {"droppedEventsCount", Uint32()},
            {"droppedLinksCount", Uint32()},
            {"status", status}},
           {"traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"});
    if (span.name.empty()) Fault(at, "has no name");
    if (span.end < span.start) Fault(at, "ends before it starts");
    span.failed = code == 2;
    request_.spans.push_back(std::move(span));
  }

  std::string fault_;
  ReceivedRequest request_;
};

}  // namespace

absl::StatusOr<ReceivedRequest> ReadTraceRequest(absl::string_view json) {
  return Reader().Read(json);
}

}  // namespace parlance::pipeline
