// The ways a key may be written, and the nearest known name for one that is not known. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd::config {

// `known` is snake_case. HookUrl, hookUrl and hook_url are the same key; HOOKURL and hookurl are none.
bool spells(std::string_view written, std::string_view known);

// The others than snake_case: HookUrl and hookUrl of hook_url, Id of id.
std::vector<std::string> other_spellings(std::string_view known);

// The known name nearest to what was written, small slips and spellings disregarded; empty: none is near.
std::string nearest(std::string_view written, const std::vector<std::string>& known);

// "; did you mean X?", or "; known here: A, B, C" when nothing is near.
std::string suggestion(std::string_view written, const std::vector<std::string>& known);

}  // namespace vhookd::config
