#include "audio/sound_file/wav_header.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::audio {
namespace {

constexpr size_t kChunkHeaderBytes = 8;
// The size of a format chunk with the extension.
constexpr size_t kExtensibleBytes = 40;
constexpr uint16_t kExtensible = 0xFFFE;
constexpr uint32_t kUnknownSize = 0xFFFF'FFFF;

absl::Status Wrong(absl::string_view message) { return absl::InvalidArgumentError(message); }

absl::string_view Text(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Numbers of a chunk.
struct Numbers {
  absl::Span<const uint8_t> bytes;
  bool big_endian;

  uint64_t At(size_t offset, size_t count) const {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      value |= static_cast<uint64_t>(bytes[offset + i]) << (8 * (big_endian ? count - 1 - i : i));
    }
    return value;
  }
  uint16_t Word(size_t offset) const { return static_cast<uint16_t>(At(offset, 2)); }
  uint32_t DoubleWord(size_t offset) const { return static_cast<uint32_t>(At(offset, 4)); }
};

// Chunks that programs write beside the samples. These four bytes are no samples.
bool IsNameOfOtherChunk(absl::string_view name) {
  constexpr absl::string_view kNames[] = {
      "LIST", "bext", "iXML", "axml", "chna", "cue ", "plst", "smpl", "inst", "note", "labl",
      "ltxt", "JUNK", "junk", "PAD ", "FLLR", "fact", "PEAK", "acid", "ID3 ", "id3 ", "_PMX",
      "DISP", "afsp", "strc", "umid", "cart", "levl", "link", "SAUR", "MD5 ", "SNDM", "ICRD",
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// The encoding of PCM samples of `bits` bits in `bytes` bytes.
std::optional<PcmEncoding> PcmOf(int bits, int bytes, bool is_extensible) {
  // This is what ALSA writes; what is extensible says that its samples fill their bytes from the
  // top.
  if (bits == 24 && bytes == 4 && !is_extensible) return PcmEncoding::kS24In32;
  switch (bytes) {
    case 1:
      return PcmEncoding::kU8;
    case 2:
      return PcmEncoding::kS16;
    case 3:
      return PcmEncoding::kS24;
    case 4:
      return PcmEncoding::kS32;
    default:
      return std::nullopt;
  }
}

// The format chunk, or as much of it as matters.
absl::Status ReadFormat(const Numbers& chunk, WavHeader& header) {
  constexpr size_t kPlainBytes = 16;
  if (chunk.bytes.size() < kPlainBytes) return Wrong("its format chunk is too short");
  header.format_tag = chunk.Word(0);
  header.num_channels = chunk.Word(2);
  const uint32_t rate_hz = chunk.DoubleWord(4);
  header.sample_rate_hz = static_cast<int>(std::min<uint32_t>(rate_hz, 0x7FFF'FFFF));
  header.block_bytes = chunk.Word(12);
  const int bits = chunk.Word(14);
  const bool is_extensible = header.format_tag == kExtensible;
  if (is_extensible) {
    if (chunk.bytes.size() < kExtensibleBytes) return Wrong("its format chunk is too short");
    // The first two bytes of an identifier whose others are Microsoft's, or those of Ambisonics.
    header.format_tag = chunk.Word(24);
  }
  if (header.num_channels == 0) return Wrong("it has 0 channels");
  // Many headers have no or a wrong size of a moment.
  const int bytes_by_bits = (bits + 7) / 8;
  const int bytes_by_block = header.block_bytes % header.num_channels == 0
                                 ? header.block_bytes / header.num_channels
                                 : bytes_by_bits;
  const int sample_bytes =
      bytes_by_block >= bytes_by_bits && bytes_by_block <= 4 && bytes_by_block > 0 ? bytes_by_block
                                                                                   : bytes_by_bits;
  const auto wrong_bits = [&] {
    return Wrong(absl::StrCat("its samples have ", bits, " bits, which is not possible"));
  };
  int moment_bytes = sample_bytes;
  switch (header.format_tag) {
    case 1:
      header.encoding = bits == 0 ? std::nullopt : PcmOf(bits, sample_bytes, is_extensible);
      if (!header.encoding.has_value()) return wrong_bits();
      break;
    case 3:
      if (bits != 32 && bits != 64) return wrong_bits();
      header.encoding = bits == 32 ? PcmEncoding::kF32 : PcmEncoding::kF64;
      moment_bytes = bits / 8;
      break;
    case 6:
      header.encoding = PcmEncoding::kALaw;
      moment_bytes = 1;
      break;
    case 7:
      header.encoding = PcmEncoding::kMuLaw;
      moment_bytes = 1;
      break;
    default:
      // Compressed: a block is what the header says.
      return absl::OkStatus();
  }
  header.block_bytes = moment_bytes * header.num_channels;
  return absl::OkStatus();
}

// How many bytes are left of a file from what is next; nothing if it is no file, or cannot tell.
std::optional<int64_t> BytesLeft(const ByteReader& bytes) {
  struct stat status = {};
  if (fstat(bytes.fd(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const off_t read_to = lseek(bytes.fd(), 0, SEEK_CUR);
  if (read_to < 0) return std::nullopt;
  return status.st_size - read_to + static_cast<int64_t>(bytes.ahead().size());
}

// Whether another chunk is next, and not samples: one of a name that is known, or of any name of
// four printable characters whose content ends within the file. Four such bytes are loud samples,
// and the size after them would be a coincidence.
absl::StatusOr<bool> IsChunkNext(ByteReader& bytes, bool big_endian) {
  absl::StatusOr<absl::Span<const uint8_t>> next = bytes.Look(kChunkHeaderBytes);
  if (!next.ok()) return next.status();
  if (next->size() < kChunkHeaderBytes) return false;
  const absl::string_view name = Text(next->first(4));
  if (IsNameOfOtherChunk(name)) return true;
  if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return false;
  }
  const int64_t size =
      int64_t{kChunkHeaderBytes} + Numbers{*next, big_endian}.DoubleWord(sizeof(uint32_t));
  if (const std::optional<int64_t> left = BytesLeft(bytes)) return size <= *left;
  // How much of a pipe comes is known as far as can be looked ahead.
  if (size > int64_t{ByteReader::kMaxAhead}) return false;
  next = bytes.Look(static_cast<size_t>(size));
  if (!next.ok()) return next.status();
  return static_cast<int64_t>(next->size()) >= size;
}

bool IsPlaceholder(uint32_t size) {
  // 0xFFFFFFFF, or that without the header; and what SoX and arecord write in front of a pipe.
  return size >= 0xFFFF'FF00 || (size >= 0x7FFF'F000 && size <= 0x8000'0000);
}

// Returns the size of the data chunk, whose header was taken. `wide_bytes`: what a chunk of 64-bit
// sizes says.
absl::StatusOr<std::optional<int64_t>> DataBytes(ByteReader& bytes, uint32_t size,
                                                 const std::optional<uint64_t>& wide_bytes,
                                                 bool big_endian) {
  uint64_t data_bytes = size;
  if (size == kUnknownSize && wide_bytes.has_value()) {
    data_bytes = *wide_bytes;
    if (data_bytes > uint64_t{1} << 62) return std::optional<int64_t>();
  } else if (IsPlaceholder(size)) {
    return std::optional<int64_t>();
  }
  if (data_bytes == 0) {
    const absl::StatusOr<bool> is_chunk = IsChunkNext(bytes, big_endian);
    if (!is_chunk.ok()) return is_chunk.status();
    if (!*is_chunk) return std::optional<int64_t>();
  }
  return std::optional<int64_t>(static_cast<int64_t>(data_bytes));
}

// Takes the byte that makes the chunk before it even. Some programs leave it out: then a name
// begins here, and not behind it.
absl::Status TakePadding(ByteReader& bytes) {
  const absl::StatusOr<absl::Span<const uint8_t>> next = bytes.Look(4);
  if (!next.ok()) return next.status();
  const absl::string_view name = Text(next->first(std::min<size_t>(next->size(), 4)));
  const bool is_left_out = name == "data" || name == "fmt " || IsNameOfOtherChunk(name);
  if (!is_left_out && !next->empty()) bytes.Take(1);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WavHeader> ReadWavHeader(ByteReader& bytes) {
  absl::StatusOr<absl::Span<const uint8_t>> start = bytes.Look(12);
  if (!start.ok()) return start.status();
  const absl::string_view riff = Text(*start);
  if (riff.size() < 12 || riff.substr(8, 4) != "WAVE") return Wrong("not a WAV file");
  WavHeader header;
  header.big_endian = absl::StartsWith(riff, "RIFX");
  header.has_wide_sizes = absl::StartsWith(riff, "RF64") || absl::StartsWith(riff, "BW64");
  if (!header.big_endian && !header.has_wide_sizes && !absl::StartsWith(riff, "RIFF")) {
    return Wrong("not a WAV file");
  }
  bytes.Take(12);
  bool has_format = false;
  std::optional<uint64_t> wide_bytes;
  for (;;) {
    const absl::StatusOr<absl::Span<const uint8_t>> next = bytes.Look(kChunkHeaderBytes);
    if (!next.ok()) return next.status();
    if (next->size() < kChunkHeaderBytes) {
      return Wrong("it ends before its samples: its header has no data chunk");
    }
    std::array<uint8_t, kChunkHeaderBytes> chunk;
    std::copy_n(next->begin(), chunk.size(), chunk.begin());
    const absl::string_view name = Text(absl::MakeConstSpan(chunk).first(4));
    const uint32_t size = Numbers{chunk, header.big_endian}.DoubleWord(4);
    bytes.Take(kChunkHeaderBytes);
    if (name == "data") {
      if (!has_format) return Wrong("its format is missing: the fmt chunk is not before the data");
      absl::StatusOr<std::optional<int64_t>> data_bytes =
          DataBytes(bytes, size, wide_bytes, header.big_endian);
      if (!data_bytes.ok()) return data_bytes.status();
      header.data_bytes = *data_bytes;
      return header;
    }
    // Only as much of it is read as matters.
    const bool is_format = name == "fmt " && !has_format;
    const size_t wanted =
        is_format || name == "ds64" ? std::min<size_t>(size, kExtensibleBytes) : 0;
    const absl::StatusOr<absl::Span<const uint8_t>> content = bytes.Look(wanted);
    if (!content.ok()) return content.status();
    const Numbers numbers{content->first(std::min(wanted, content->size())), header.big_endian};
    if (is_format) {
      if (absl::Status read = ReadFormat(numbers, header); !read.ok()) return read;
      has_format = true;
    } else if (name == "ds64" && numbers.bytes.size() >= 16 && header.has_wide_sizes) {
      wide_bytes = numbers.At(8, 8);
    }
    const absl::StatusOr<bool> skipped = bytes.Skip(size);
    if (!skipped.ok()) return skipped.status();
    if (size % 2 == 1) {
      if (absl::Status padded = TakePadding(bytes); !padded.ok()) return padded;
    }
  }
}

}  // namespace parlance::audio
