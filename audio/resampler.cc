#include "audio/resampler.h"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {

void Resampler::Destroyer::operator()(SpeexResamplerState_* state) const {
  speex_resampler_destroy(state);
}

Resampler::Resampler(SpeexResamplerState_* state, int from_hz, int to_hz)
    : state_(state), from_hz_(from_hz), to_hz_(to_hz) {}

absl::StatusOr<Resampler> Resampler::Create(int from_hz, int to_hz, int quality) {
  for (const int rate_hz : {from_hz, to_hz}) {
    if (rate_hz < 8000 || rate_hz > 48000) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot resample at ", rate_hz, " Hz; rates from 8000 to 48000 Hz can be used"));
    }
  }
  if (quality < 0 || quality > 10) {
    return absl::InvalidArgumentError(
        absl::StrCat("resampling quality ", quality, " is not in 0 to 10"));
  }
  int error = RESAMPLER_ERR_SUCCESS;
  SpeexResamplerState* state = speex_resampler_init(
      1, static_cast<spx_uint32_t>(from_hz), static_cast<spx_uint32_t>(to_hz), quality, &error);
  if (state == nullptr) return absl::ResourceExhaustedError(speex_resampler_strerror(error));
  speex_resampler_skip_zeros(state);
  return Resampler(state, from_hz, to_hz);
}

void Resampler::Process(absl::Span<const int16_t> input, std::vector<int16_t>& output) {
  while (!input.empty()) {
    // SpeexDSP works in small blocks anyway; so the room that is needed stays small.
    auto num_in = static_cast<spx_uint32_t>(std::min<size_t>(input.size(), 1024));
    const size_t old_size = output.size();
    auto num_out = static_cast<spx_uint32_t>(static_cast<int64_t>(num_in) * to_hz_ / from_hz_ + 16);
    output.resize(old_size + num_out);
    speex_resampler_process_int(state_.get(), 0, input.data(), &num_in, output.data() + old_size,
                                &num_out);
    output.resize(old_size + num_out);
    input.remove_prefix(num_in);
  }
}

void Resampler::Flush(std::vector<int16_t>& output) {
  static constexpr std::array<int16_t, 512> kZeros{};
  auto latency = static_cast<size_t>(speex_resampler_get_input_latency(state_.get()));
  while (latency > 0) {
    const size_t count = std::min(latency, kZeros.size());
    Process(absl::MakeConstSpan(kZeros).first(count), output);
    latency -= count;
  }
  speex_resampler_reset_mem(state_.get());
  speex_resampler_skip_zeros(state_.get());
}

}  // namespace parlance::audio
