// Combines the sections of all files into webhooks: applies defaults, resolves connections, and reports settings that
// contradict each other. Internal to config/.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/keys.h"

namespace vhookd::config {

// The sections of all files, not yet combined.
struct FileSections {
  std::optional<Input> defaults;
  std::vector<Input> connections;  // one map for each file that has one
  std::vector<Input> webhooks;     // one list for each file that has one
  bool complete = true;            // false: a file could not be read, and it may define connections
};

// Returns the webhooks in file order. They are valid only if the report of the sections' context has no errors
// afterwards. Calls `on_read` with each list of webhooks once its nodes are no longer needed.
std::vector<Webhook> assemble(const FileSections& sections, const std::function<void(const Node* list)>& on_read);

// The connections and defaults of the files, kept after loading so that webhooks created through the API can be read
// with them (config/stored.h). The trees of the files' webhooks are empty.
struct SharedSettings {
  std::vector<std::string> files;  // file names, indexed by Location::file
  std::deque<Node> trees;          // owns the nodes that `sections` point to
  FileSections sections;           // the contexts in it are dangling after the load and must be replaced before use
};

}  // namespace vhookd::config
