#include "pipeline/door/wyoming/wyoming_event.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kMaxType = 64;

absl::StatusOr<size_t> LengthIn(const rapidjson::Document& header, absl::string_view name,
                                size_t most) {
  const rapidjson::Value* const value = Member(&header, name);
  if (value == nullptr) return 0;
  const std::optional<int64_t> length = IntegerOf(value);
  if (!length.has_value() || *length < 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" has to be a number of bytes"));
  }
  if (static_cast<uint64_t>(*length) > most) {
    return absl::ResourceExhaustedError(
        absl::StrCat("\"", name, "\" is ", *length, "; the limit is ", most));
  }
  return static_cast<size_t>(*length);
}

}  // namespace

absl::Status WyomingParser::Push(absl::Span<const uint8_t> bytes,
                                 const std::function<bool(const WyomingEvent& event)>& on_event) {
  while (status_.ok() && !is_over_) {
    if (part_ == Part::kLine) {
      const auto end = std::find(bytes.begin(), bytes.end(), uint8_t{'\n'});
      const size_t count = static_cast<size_t>(end - bytes.begin());
      if (unread_.size() + count > kMaxWyomingLine) {
        status_ = absl::ResourceExhaustedError(
            absl::StrCat("a line of more than ", kMaxWyomingLine, " bytes"));
        break;
      }
      unread_.append(bytes.begin(), end);
      bytes.remove_prefix(count);
      if (bytes.empty()) break;
      bytes.remove_prefix(1);
      status_ = ReadLine();
      continue;
    }
    const size_t wanted = part_ == Part::kData ? data_bytes_ : payload_bytes_;
    const size_t count = std::min(wanted - unread_.size(), bytes.size());
    unread_.append(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    bytes.remove_prefix(count);
    if (unread_.size() < wanted) break;
    if (part_ == Part::kData) {
      status_ = ReadData();
      continue;
    }
    event_->payload = std::exchange(unread_, "");
    part_ = Part::kLine;
    const std::unique_ptr<WyomingEvent> event = std::move(event_);
    is_over_ = !on_event(*event);
  }
  return status_;
}

absl::Status WyomingParser::ReadLine() {
  const std::string line = std::exchange(unread_, "");
  // Between events, a line may be empty.
  if (line.empty() || line == "\r") return absl::OkStatus();
  rapidjson::Document header;
  absl::Status parsed =
      ParseJsonObject(line, {.max_bytes = kMaxWyomingLine, .max_depth = kMaxWyomingDepth}, header);
  if (!parsed.ok()) return parsed;
  const std::optional<absl::string_view> type = TextOf(Member(&header, "type"));
  if (!type.has_value() || type->empty() || type->size() > kMaxType) {
    return absl::InvalidArgumentError("an event without a \"type\" of 1 to 64 bytes");
  }
  const absl::StatusOr<size_t> data_bytes = LengthIn(header, "data_length", kMaxWyomingData);
  if (!data_bytes.ok()) return data_bytes.status();
  const absl::StatusOr<size_t> payload_bytes =
      LengthIn(header, "payload_length", kMaxWyomingPayload);
  if (!payload_bytes.ok()) return payload_bytes.status();
  event_ = std::make_unique<WyomingEvent>();
  event_->type = std::string(*type);
  event_->data.SetObject();
  if (const rapidjson::Value* const data = Member(&header, "data"); data != nullptr) {
    if (!data->IsObject()) return absl::InvalidArgumentError("\"data\" has to be an object");
    event_->data.CopyFrom(*data, event_->data.GetAllocator());
  }
  data_bytes_ = *data_bytes;
  payload_bytes_ = *payload_bytes;
  part_ = data_bytes_ > 0 ? Part::kData : Part::kPayload;
  return absl::OkStatus();
}

absl::Status WyomingParser::ReadData() {
  const std::string text = std::exchange(unread_, "");
  part_ = Part::kPayload;
  rapidjson::Document more;
  absl::Status parsed =
      ParseJsonObject(text, {.max_bytes = kMaxWyomingData, .max_depth = kMaxWyomingDepth}, more);
  if (!parsed.ok()) return parsed;
  rapidjson::Document& data = event_->data;
  rapidjson::Document merged;
  merged.SetObject();
  auto& allocator = merged.GetAllocator();
  // The first member of a name is the one that is found.
  for (rapidjson::Document* const each : {&more, &data}) {
    for (const auto& member : each->GetObject()) {
      rapidjson::Value name(member.name, allocator);
      rapidjson::Value value(member.value, allocator);
      merged.AddMember(name, value, allocator);
    }
  }
  event_->data.Swap(merged);
  return absl::OkStatus();
}

std::string WyomingBytes(absl::string_view type, absl::string_view data,
                         absl::string_view payload) {
  std::string line = absl::StrCat("{\"type\":", QuotedJson(type));
  if (!data.empty()) absl::StrAppend(&line, ",\"data_length\":", data.size());
  if (!payload.empty()) absl::StrAppend(&line, ",\"payload_length\":", payload.size());
  return absl::StrCat(line, "}\n", data, payload);
}

}  // namespace parlance::pipeline::door
