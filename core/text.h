// Small helpers for text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

// ASCII letters in lower case; other bytes as they are.
std::string lower(std::string_view text);

// The words with `between` between them.
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace vhookd
