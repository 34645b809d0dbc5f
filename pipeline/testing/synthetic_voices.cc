#include "pipeline/testing/synthetic_voices.h"

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/wav.h"
#include "tools/mcp/testing/run_command.h"

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
// A sentence is shorter.
constexpr size_t kMaxSamples = 60 * 48000;

absl::StatusOr<std::vector<int16_t>> ReadSound(const std::string& path) {
  const auto reader = audio::WavReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<int16_t> samples;
  std::vector<int16_t> piece(4096);
  while (samples.size() < kMaxSamples) {
    const absl::StatusOr<size_t> read = (*reader)->Read(absl::MakeSpan(piece));
    if (!read.ok()) return read.status();
    if (*read == 0) break;
    samples.insert(samples.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(*read));
  }
  if ((*reader)->sample_rate_hz() == kSampleRateHz) return samples;
  auto resampler = audio::Resampler::Create((*reader)->sample_rate_hz(), kSampleRateHz);
  if (!resampler.ok()) return resampler.status();
  std::vector<int16_t> resampled;
  resampler->Process(samples, resampled);
  resampler->Flush(resampled);
  return resampled;
}

// How long a sound lasts, of what it usually does.
const char* Stretch(Rate rate) {
  return rate == Rate::kFast ? "0.8" : rate == Rate::kSlow ? "1.25" : "1";
}

// eSpeak NG counts words a minute.
const char* WordsPerMinute(Rate rate) {
  return rate == Rate::kFast ? "190" : rate == Rate::kSlow ? "120" : "155";
}

absl::Status Run(const std::vector<std::string>& words) {
  const absl::Status status = tools::mcp::RunToEnd({.words = words}, absl::Minutes(12)).status();
  if (!absl::IsNotFound(status)) return status;
  return absl::NotFoundError(absl::StrCat("there is no ", words[0],
                                          "; the Debian package of that name has it (festival's "
                                          "voice is in festvox-kdlpc16k)"));
}

// It starts slowly, so it says all in one go.
absl::Status SayWithFestival(const SyntheticVoice& voice, Rate rate,
                             const std::vector<std::string>& texts,
                             const std::vector<std::string>& files, const std::string& script) {
  {
    std::ofstream out(script);
    out << "(voice_" << voice.name << ")\n(Parameter.set 'Duration_Stretch " << Stretch(rate)
        << ")\n";
    for (size_t i = 0; i < texts.size(); ++i) {
      out << "(set! said (utt.synth (Utterance Text \"" << texts[i] << "\")))\n"
          << "(utt.save.wave said \"" << files[i] << "\" 'riff)\n";
    }
    out.close();
    if (!out) return absl::UnavailableError(absl::StrCat("cannot write ", script));
  }
  return Run({"festival", "-b", script});
}

}  // namespace

absl::Span<const SyntheticVoice> ReportedVoices() {
  static const auto* const voices = new std::vector<SyntheticVoice>{
      {VoiceKind::kHumanLike, "flite", "awb"},
      {VoiceKind::kHumanLike, "flite", "rms"},
      {VoiceKind::kHumanLike, "festival", "ked_diphone"},
      {VoiceKind::kFormants, "espeak-ng", "en-us+f3"},
      {VoiceKind::kFormants, "espeak-ng", "en-us+f4"},
      {VoiceKind::kFormants, "espeak-ng", "en-us+m5"},
      {VoiceKind::kFormants, "espeak-ng", "en-us+m7"},
      {VoiceKind::kFormants, "espeak-ng", "en-gb"},
      {VoiceKind::kFormants, "espeak-ng", "en-gb-x-rp"},
  };
  return *voices;
}

absl::StatusOr<std::vector<std::vector<int16_t>>> SayAll(const SyntheticVoice& voice, Rate rate,
                                                         const std::vector<std::string>& texts,
                                                         const std::string& folder) {
  std::vector<std::string> files;
  for (size_t i = 0; i < texts.size(); ++i) {
    files.push_back(absl::StrCat(folder, "/", voice.program, "-", voice.name, "-",
                                 static_cast<int>(rate), "-", i, ".wav"));
  }
  if (voice.program == "festival") {
    const absl::Status said =
        SayWithFestival(voice, rate, texts, files, absl::StrCat(folder, "/say.scm"));
    if (!said.ok()) return said;
  }
  std::vector<std::vector<int16_t>> sounds;
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::Status said;
    if (voice.program == "flite") {
      said =
          Run({"flite", "-voice", voice.name, "--setf",
               absl::StrCat("duration_stretch=", Stretch(rate)), "-t", texts[i], "-o", files[i]});
    } else if (voice.program == "espeak-ng") {
      said = Run(
          {"espeak-ng", "-v", voice.name, "-s", WordsPerMinute(rate), "-w", files[i], texts[i]});
    }
    if (!said.ok()) return said;
    absl::StatusOr<std::vector<int16_t>> sound = ReadSound(files[i]);
    if (!sound.ok()) return sound.status();
    sounds.push_back(*std::move(sound));
  }
  return sounds;
}

}  // namespace parlance::pipeline
