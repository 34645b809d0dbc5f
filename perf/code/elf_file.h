// The tables of an ELF file, each offset and size of which is checked before it is followed.
#ifndef PERF_CODE_ELF_FILE_H_
#define PERF_CODE_ELF_FILE_H_

#include <elf.h>

#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace perf {

// Refers to the bytes it was parsed from, which have to outlive it. Any bytes may be given: what
// does not add up has no value.
class ElfFile {
 public:
  // Reads files of 64 bits, least significant byte first, with fewer than 65280 sections.
  static std::optional<ElfFile> Parse(absl::string_view bytes);

  const Elf64_Ehdr& header() const { return header_; }
  const std::vector<Elf64_Shdr>& sections() const { return sections_; }

  // A section's bytes; empty for one that occupies memory alone (SHT_NOBITS).
  std::optional<absl::string_view> Content(const Elf64_Shdr& section) const;

  // A string of the table that the section with this number holds.
  std::optional<absl::string_view> String(size_t table, size_t offset) const;

  std::optional<absl::string_view> NameOf(const Elf64_Shdr& section) const {
    return String(header_.e_shstrndx, section.sh_name);
  }

  // A section's bytes as entries of a type that the format defines.
  template <typename Entry>
  std::optional<std::vector<Entry>> Entries(const Elf64_Shdr& section) const {
    const std::optional<absl::string_view> content = Content(section);
    if (!content.has_value() || section.sh_entsize != sizeof(Entry) ||
        content->size() % sizeof(Entry) != 0) {
      return std::nullopt;
    }
    std::vector<Entry> entries(content->size() / sizeof(Entry));
    if (!entries.empty()) std::memcpy(entries.data(), content->data(), content->size());
    return entries;
  }

 private:
  ElfFile() = default;

  absl::string_view bytes_;
  Elf64_Ehdr header_ = {};
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace perf

#endif  // PERF_CODE_ELF_FILE_H_
