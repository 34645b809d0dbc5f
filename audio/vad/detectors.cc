#include "audio/vad/detectors.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/neural_vad.h"
#include "audio/vad/webrtc_vad.h"

namespace parlance::audio {
namespace {

constexpr int kSampleRateHz = 16000;

using Created = absl::StatusOr<std::unique_ptr<VoiceActivityDetector>>;

struct Entry {
  DetectorInfo info;
  Created (*create)(int look_ahead_frames);
};

// A new detector is a line here, and a dependency.
constexpr Entry kEntries[] = {
    {{"neural", "ours, a small recurrent network", kMaxNeuralLookAhead},
     [](int look_ahead_frames) { return CreateNeuralVad(look_ahead_frames); }},
    {{"classic", "ours, 28 features of the sound and no network", 0},
     [](int) { return Created(CreateClassicVad()); }},
    {{"webrtc", "WebRTC's, in its mode 2", 0},
     [](int) { return CreateWebRtcVad(kSampleRateHz, 2); }},
    {{"webrtc0", "WebRTC's, in mode 0: misses least", 0},
     [](int) { return CreateWebRtcVad(kSampleRateHz, 0); }},
    {{"webrtc1", "WebRTC's, in mode 1", 0}, [](int) { return CreateWebRtcVad(kSampleRateHz, 1); }},
    {{"webrtc3", "WebRTC's, in mode 3: takes the least noise for speech", 0},
     [](int) { return CreateWebRtcVad(kSampleRateHz, 3); }},
};

}  // namespace

absl::Span<const DetectorInfo> Detectors() {
  static const auto& infos = *[] {
    auto* const all = new std::vector<DetectorInfo>;
    for (const Entry& entry : kEntries) all->push_back(entry.info);
    return all;
  }();
  return infos;
}

Created CreateDetector(absl::string_view name, int look_ahead_frames) {
  const Entry* const entry = std::find_if(std::begin(kEntries), std::end(kEntries),
                                          [&](const Entry& e) { return e.info.name == name; });
  if (entry == std::end(kEntries)) {
    const std::string names = absl::StrJoin(
        Detectors(), ", ",
        [](std::string* out, const DetectorInfo& info) { absl::StrAppend(out, info.name); });
    return absl::NotFoundError(
        absl::StrCat("there is no detector '", name, "'; there are ", names));
  }
  if (look_ahead_frames < 0 || look_ahead_frames > entry->info.max_look_ahead_frames) {
    const int most = entry->info.max_look_ahead_frames;
    return absl::InvalidArgumentError(
        absl::StrCat("the detector ", name,
                     most == 0 ? std::string(" answers at once, and has no look-ahead")
                               : absl::StrCat(" looks ahead by 0 to ", 10 * most, " ms, not by ",
                                              int64_t{10} * look_ahead_frames)));
  }
  return entry->create(look_ahead_frames);
}

}  // namespace parlance::audio
