// What the fuzz targets share: how one says that something does not hold, and looking without being watched.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace vhookd::fuzz {

// Ends the process with what does not hold and what was seen instead; libFuzzer keeps the input.
inline void require(bool holds, std::string_view what, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\nseen: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(seen.size()), seen.data());
  std::abort();
}

// A word that stands for secrets, and for all that must not come out again.
inline constexpr std::string_view canary = "CaNaRy-0b5e";
inline constexpr std::string_view part_of_canary = "CaNaRy";  // messages cut what they quote

// Not through memmem() and the like, from whose arguments libFuzzer would learn the word.
__attribute__((no_sanitize("coverage"))) inline bool holds_canary(std::string_view text) {
  for (std::size_t i = 0; i + part_of_canary.size() <= text.size(); ++i) {
    std::size_t same = 0;
    while (same < part_of_canary.size() && text[i + same] == part_of_canary[same]) ++same;
    if (same == part_of_canary.size()) return true;
  }
  return false;
}

inline void require_no_canary(std::string_view text, std::string_view what) {
  require(!holds_canary(text), what, text);
}

}  // namespace vhookd::fuzz
