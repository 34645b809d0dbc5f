// The header of a WAV file: which samples it has, and how many, as far as it can be believed.
#ifndef AUDIO_SOUND_FILE_WAV_HEADER_H_
#define AUDIO_SOUND_FILE_WAV_HEADER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "audio/sound_file/byte_reader.h"
#include "audio/sound_file/pcm_reader.h"

namespace parlance::audio {

struct WavHeader {
  // The format chunk's, or its extension's.
  uint16_t format_tag = 0;
  int sample_rate_hz = 0;
  int num_channels = 0;
  // Bytes of a moment; of a block of compressed sound.
  int block_bytes = 0;
  // Nothing for compressed sound.
  std::optional<PcmEncoding> encoding;
  bool big_endian = false;
  // RF64 or BW64, whose sizes have 64 bits.
  bool has_wide_sizes = false;
  // The size of all samples, as the header says. Nothing if it does not know: the sound lasts as
  // long as the file.
  std::optional<int64_t> data_bytes;
};

// Takes the header from `bytes`, so that the samples are ahead. Chunks before them, of any name and
// size, padded or not, are passed over. InvalidArgument for what is no WAV file, has no format, a
// format that is broken, or no chunk of samples; errors of reading as ByteReader.
//
// A recorder that was killed, or that wrote into a pipe, could not complete the header. So a size
// of zero is only believed if nothing or another chunk follows; and 0xFFFFFFFF (ffmpeg), 2 GB
// (arecord) and a bit less (SoX) stand for a size that was not known.
absl::StatusOr<WavHeader> ReadWavHeader(ByteReader& bytes);

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_WAV_HEADER_H_
