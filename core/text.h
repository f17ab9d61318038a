// Small helpers for text. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

// ASCII letters in lower case; other bytes as they are.
std::string lower(std::string_view text);
char lower(char c);

bool one_of(std::string_view text, std::initializer_list<std::string_view> words);

// The words with `between` between them.
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace vhookd
