#include "pipeline/door/realtime/pending_inputs.h"

#include <algorithm>
#include <utility>

#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {
namespace {

bool IsText(const PendingInputs::Input& input) {
  return std::holds_alternative<std::string>(input.said);
}

size_t NumBytes(const PendingInputs::Said& said) {
  const auto* const text = std::get_if<std::string>(&said);
  return text != nullptr ? text->size()
                         : std::get<std::vector<int16_t>>(said).size() * sizeof(int16_t);
}

}  // namespace

bool PendingInputs::HasRoomFor(const Said& said) const {
  if (inputs_.size() >= kMaxInputs) return false;
  size_t bytes = NumBytes(said);
  for (const Input& each : inputs_) bytes += NumBytes(each.said);
  return bytes <= Runtime::Session::kMaxRequestBytes;
}

void PendingInputs::Add(std::string item, Said said) {
  inputs_.push_back({.item = std::move(item), .said = std::move(said)});
}

void PendingInputs::Remove(absl::string_view item) {
  std::erase_if(inputs_, [&](const Input& input) { return input.item == item; });
}

const std::string* PendingInputs::text() const {
  const auto found = std::find_if(inputs_.begin(), inputs_.end(), IsText);
  return found == inputs_.end() ? nullptr : &std::get<std::string>(found->said);
}

void PendingInputs::RemoveText() { std::erase_if(inputs_, IsText); }

std::vector<PendingInputs::Input> PendingInputs::Take() { return std::exchange(inputs_, {}); }

}  // namespace parlance::pipeline::door
