// Uses std::filesystem in forms that throw, for filesystem_test to reject.
#include <filesystem>

int main(int argc, char** argv) {
  int count = 0;
  if (!std::filesystem::exists(argv[argc - 1])) return 1;
  for (const auto& entry : std::filesystem::directory_iterator(argv[0])) {
    count += entry.path().empty() ? 1 : 0;
  }
  return std::filesystem::current_path().empty() ? count : 0;
}
