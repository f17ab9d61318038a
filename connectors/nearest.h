// Which known names an unknown one was likely meant to be. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

// At most three of `names`, the nearest first: those a few typing slips away, whatever their case.
// None is near enough: empty.
std::vector<std::string> nearest(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace vhookd
