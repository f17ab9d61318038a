// Puts the parts of all files together: defaults into webhooks, connections to webhooks, and what contradicts itself.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/keys.h"

namespace vhookd::config {

struct Parts {
  std::optional<Input> defaults;
  std::vector<Input> connections;  // one map for each file that has one
  std::vector<Input> webhooks;     // one list for each file that has one
  bool whole = true;               // false: a file could not be read, and connections may stand there
};

// Whole only where the report of the parts' context has no error afterwards. `read`: told of each list of webhooks as
// soon as its nodes are no longer needed.
std::vector<Webhook> assemble(const Parts& parts, const std::function<void(const Node* list)>& read);

// What the files say besides their webhooks, whose trees are empty, kept so that webhooks that stand in no file can be
// read against it.
struct Base {
  std::vector<std::string> files;  // by their numbers in Places
  std::deque<Node> trees;          // what `parts` point into
  Parts parts;                     // their contexts are those of the load, long gone; never used
};

}  // namespace vhookd::config
