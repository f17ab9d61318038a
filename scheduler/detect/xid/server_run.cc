#include "scheduler/detect/xid/server_run.h"

#include <algorithm>

namespace vhookd {

namespace {

// The part before the first `end`, which is taken off with it.
std::string_view take_to(std::string_view& text, char end) {
  const auto part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

}  // namespace

bool same_server_run(std::string_view before, std::string_view now) {
  if (before == now) return true;
  if (take_to(before, ' ') != take_to(now, ' ')) return false;
  while (!before.empty()) {
    const auto process = take_to(before, ',');
    for (auto rest = now; !rest.empty();)
      if (take_to(rest, ',') == process) return true;
  }
  return false;
}

}  // namespace vhookd
