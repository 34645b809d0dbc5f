#include "words.h"

int CountWords(const std::string& text) {
  int words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n';
    if (!blank && !in_word) ++words;
    in_word = !blank;
  }
  return words;
}
