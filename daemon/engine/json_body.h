// JSON that came from outside.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vhookd {

// Discarded where it is no JSON. What nests deeper than any object of ours is refused before it is built: nlohmann
// copies and compares recursively, and the depth would be the client's to choose.
inline nlohmann::ordered_json parse_bounded(const std::string& text) {
  using Json = nlohmann::ordered_json;
  constexpr int deepest = 8;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > deepest;
    return depth <= deepest;
  };
  Json parsed = Json::parse(text, watch, false);
  if (too_deep) return Json(Json::value_t::discarded);
  return parsed;
}

}  // namespace vhookd
