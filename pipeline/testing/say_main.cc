// Writes a text as speech, for the tests of programs that listen: say TEXT FILE.wav
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"
#include "command/file/file_kind.h"
#include "command/file/output_file.h"
#include "command/program.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {
namespace {

absl::Status SayInto(const std::string& text, const std::string& path) {
  const auto synthesizer = CreateFliteSynthesizer("slt");
  if (!synthesizer.ok()) return synthesizer.status();
  audio::Waveform speech{
      .sample_rate_hz = (*synthesizer)->sample_rate_hz(), .num_channels = 1, .samples = {}};
  absl::Status status = (*synthesizer)->Synthesize(text, [&](const SpeechChunk& chunk) {
    speech.samples.insert(speech.samples.end(), chunk.samples.begin(), chunk.samples.end());
    return true;
  });
  if (!status.ok()) return status;
  // The pause that ends what is said.
  speech.samples.resize(speech.samples.size() + static_cast<size_t>(speech.sample_rate_hz));
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::Create(path, {.kind = command::kWavFile, .keep = {}});
  if (!file.ok()) return file.status();
  status = audio::WriteWav(speech, [&](absl::string_view bytes) { return file->Write(bytes); });
  return status.ok() ? file->Commit() : status;
}

int Run(const command::Arguments& arguments) {
  if (arguments.size() != 2) return command::WrongUse("two arguments are needed");
  const absl::Status status = SayInto(arguments[0], arguments[1]);
  return status.ok() ? command::kDone : command::Fail(status);
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  return command::Main({.name = "say",
                        .summary = "Writes a text as speech.",
                        .synopsis = {"say TEXT FILE.wav"},
                        .details = "",
                        .flag_groups = {},
                        .common_flags = {},
                        .examples = {},
                        .no_means = "",
                        .subcommands = {},
                        .run = parlance::pipeline::Run,
                        .max_arguments = 2},
                       argc, argv);
}
