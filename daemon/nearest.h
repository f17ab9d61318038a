// What the user may have meant. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

// The candidate with the fewest edits to `word`, letter case aside; empty where none is near enough
// to be a slip of the fingers.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace vhookd
