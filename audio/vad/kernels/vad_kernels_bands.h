// Bands of a spectrum, packed for the kernel that sums them.
#ifndef AUDIO_VAD_KERNELS_VAD_KERNELS_BANDS_H_
#define AUDIO_VAD_KERNELS_VAD_KERNELS_BANDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/vad/kernels/vad_kernels.h"

namespace parlance::audio {

// The bins from `first` on, times `weights`: rectangles, triangles, anything.
struct Band {
  size_t first = 0;
  std::vector<float> weights;
};

// Immutable; threads: any, at the same time. Allocation: in Create only.
class PackedBands {
 public:
  // `num_bins`: how many bins the spectrum has, at least 8. InvalidArgument if a band reaches
  // beyond it, or has more bins than num_bins rounded down to a multiple of 8.
  static absl::StatusOr<PackedBands> Create(absl::Span<const Band> bands, size_t num_bins);

  // Valid as long as this is.
  BandTable table() const {
    return {num_bands_, first_.data(), num_blocks_.data(), weights_.data()};
  }

 private:
  PackedBands() = default;

  size_t num_bands_ = 0;
  std::vector<uint32_t> first_;
  std::vector<uint32_t> num_blocks_;
  std::vector<float> weights_;
};

}  // namespace parlance::audio

#endif  // AUDIO_VAD_KERNELS_VAD_KERNELS_BANDS_H_
