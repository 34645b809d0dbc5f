#include "perf/code/elf_file.h"

#include <cstring>
#include <optional>
#include <vector>

namespace perf {

std::optional<ElfFile> ElfFile::Parse(absl::string_view bytes) {
  ElfFile file;
  file.bytes_ = bytes;
  Elf64_Ehdr& header = file.header_;
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_ident[EI_VERSION] != EV_CURRENT ||
      header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
      header.e_shnum >= SHN_LORESERVE || header.e_shstrndx >= header.e_shnum) {
    return std::nullopt;
  }
  const size_t size = header.e_shnum * sizeof(Elf64_Shdr);
  if (header.e_shoff > bytes.size() || size > bytes.size() - header.e_shoff) return std::nullopt;
  file.sections_.resize(header.e_shnum);
  std::memcpy(file.sections_.data(), bytes.data() + header.e_shoff, size);
  return file;
}

std::optional<absl::string_view> ElfFile::Content(const Elf64_Shdr& section) const {
  if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) return absl::string_view();
  if (section.sh_offset > bytes_.size() || section.sh_size > bytes_.size() - section.sh_offset) {
    return std::nullopt;
  }
  return bytes_.substr(section.sh_offset, section.sh_size);
}

std::optional<absl::string_view> ElfFile::String(size_t table, size_t offset) const {
  if (table >= sections_.size() || sections_[table].sh_type != SHT_STRTAB) return std::nullopt;
  const std::optional<absl::string_view> content = Content(sections_[table]);
  if (!content.has_value() || offset >= content->size()) return std::nullopt;
  const size_t end = content->find('\0', offset);
  if (end == absl::string_view::npos) return std::nullopt;
  return content->substr(offset, end - offset);
}

}  // namespace perf
