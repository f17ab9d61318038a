// What a YAML file says, as a tree in which nothing was guessed: scalars keep their text and whether
// they were quoted, maps keep every entry in file order, duplicates too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/report.h"

namespace vhookd::config {

struct Entry;

struct Node {
  // refused: an alias or an unclosed quote in a map; reported, and to be passed over.
  enum class Type { null, plain, quoted, list, map, refused };
  Type type = Type::null;
  Place place;       // of an absent value (`key:` and nothing after it): its key's place
  std::string text;  // of plain and quoted
  std::vector<Node> items;
  std::vector<Entry> entries;
};

struct Entry {
  Node key;  // plain or quoted
  Node value;
};

// Takes the bytes of one file. What is no single YAML document without anchors, aliases and tags goes to
// `report`, and nothing is handed back where the tree would be incomplete. An empty file is a null node.
std::optional<Node> parse_yaml(const std::string& source, int file, Report& report);

}  // namespace vhookd::config
