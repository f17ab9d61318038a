// Parses a YAML file into a tree without interpreting it: scalars keep their text and whether they were quoted, and
// maps keep all entries in file order, including duplicates. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/report.h"

namespace vhookd::config {

struct Entry;

struct Node {
  // rejected: an alias or an unterminated quote in a map; already reported, to be skipped.
  enum class Type { null, plain, quoted, list, map, rejected };
  Type type = Type::null;
  Location location;  // of a missing value (`key:` without a value): the location of its key
  std::string text;   // of plain and quoted
  std::vector<Node> items;
  std::vector<Entry> entries;
};

struct Entry {
  Node key;  // plain or quoted
  Node value;
};

// `source`: the bytes of one file. Reports anything but a single YAML document without anchors, aliases and tags.
// Returns nullopt if the tree would be incomplete. An empty file gives a null node.
std::optional<Node> parse_yaml(const std::string& source, int file, Report& report);

}  // namespace vhookd::config
