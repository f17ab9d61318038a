#include "config/json_node.h"

#include <nlohmann/json.hpp>

namespace vhookd::config {

namespace {

Node node_of(const nlohmann::ordered_json& json, Location location) {
  Node node{.location = location};
  if (json.is_array()) {
    node.type = Node::Type::list;
    for (const auto& item : json) node.items.push_back(node_of(item, location));
  } else if (json.is_object()) {
    node.type = Node::Type::map;
    for (const auto& [name, value] : json.items())
      node.entries.push_back({Node{Node::Type::quoted, location, name, {}, {}}, node_of(value, location)});
  } else if (json.is_string()) {
    node.type = Node::Type::quoted;
    node.text = json.get<std::string>();
  } else if (!json.is_null()) {
    node.type = Node::Type::plain;
    node.text = json.dump();
  }
  return node;
}

}  // namespace

Node parse_json(const std::string& json, Location location) {
  return node_of(nlohmann::ordered_json::parse(json, nullptr, false), location);
}

}  // namespace vhookd::config
