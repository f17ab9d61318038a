// Accepted spellings of a key, and the nearest known name for an unknown one. Pure. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd::config {

// `known` is snake_case. HookUrl, hookUrl and hook_url are the same key; HOOKURL and hookurl are not.
bool spells(std::string_view written, std::string_view known);

// The accepted spellings other than snake_case: HookUrl and hookUrl for hook_url, Id for id.
std::vector<std::string> other_spellings(std::string_view known);

// The known name most similar to `written`, ignoring case and separators; empty: none is similar.
std::string nearest(std::string_view written, const std::vector<std::string>& known);

// "; did you mean X?", or "; expected one of A, B, C" if none is similar.
std::string suggestion(std::string_view written, const std::vector<std::string>& known);

}  // namespace vhookd::config
