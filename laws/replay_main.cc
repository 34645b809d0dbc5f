// Runs a fuzzer on the files of a corpus, where there is no libFuzzer to do so.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  int num_files = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    std::filesystem::directory_iterator entry(argv[i], error);
    for (const auto end = std::filesystem::directory_iterator(); !error && entry != end;
         entry.increment(error)) {
      std::ifstream file(entry->path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
      // Before, so that it is known which one crashes.
      std::printf("%s\n", entry->path().c_str());
      std::fflush(stdout);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
      ++num_files;
    }
    if (error) {
      std::fprintf(stderr, "cannot read %s: %s\n", argv[i], error.message().c_str());
      return 2;
    }
  }
  std::printf("%d files\n", num_files);
  return num_files > 0 ? 0 : 2;
}
