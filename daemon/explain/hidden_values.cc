#include "daemon/explain/hidden_values.h"

#include <nlohmann/json.hpp>

namespace vhookd {

namespace {

using nlohmann::json;

const json* find(const json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() ? nullptr : &*at;
}

// The configuration has the value itself there, no reference. What can't be found as written counts as one:
// better a value too few than a secret too many.
bool is_literal(const Param& value, const json* written) {
  return written != nullptr && (!written->is_string() || written->get_ref<const std::string&>() == value.text);
}

}  // namespace

HiddenValues::HiddenValues(const config::Webhook& webhook) {
  const auto given = json::parse(webhook.filters_json, nullptr, false);
  for (const auto& filter : webhook.filters) {
    const json* written = find(given, filter.column);
    if (written != nullptr && written->is_object()) written = find(*written, std::string(config::name_of(filter.op)));
    for (std::size_t i = 0; i < filter.values.size(); ++i) {
      const bool listed = written != nullptr && written->is_array();
      const json* one = !listed ? written : i < written->size() ? &(*written)[i] : nullptr;
      if (!filter.values[i].text.empty() && !is_literal(filter.values[i], one)) texts_.push_back(filter.values[i].text);
    }
  }
  // The longest first, so that none is cut in pieces by one it holds.
  std::ranges::sort(texts_, std::greater(), &std::string::size);
}

std::string HiddenValues::show(const Param& param) const {
  if (param.null) return "NULL";
  if (std::ranges::find(texts_, param.text) != texts_.end()) return "***";
  if (param.kind == Kind::integer || param.kind == Kind::decimal || param.kind == Kind::real) return param.text;
  std::string quoted = "'";
  for (const char c : param.text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

Error HiddenValues::without(Error error) const {
  for (const auto& text : texts_)
    for (auto at = error.message.find(text); at != std::string::npos; at = error.message.find(text, at + 3))
      error.message.replace(at, text.size(), "***");
  return error;
}

}  // namespace vhookd
