#ifndef WORDS_H_
#define WORDS_H_

#include <string>

// How many words a text has. Blanks and line ends separate them.
int CountWords(const std::string& text);

#endif  // WORDS_H_
