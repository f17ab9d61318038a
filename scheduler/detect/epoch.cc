#include "scheduler/detect/epoch.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scheduler/detect/table_text.h"

namespace vhookd {

using config::Detect;
using config::Event;

namespace {

// The table and the event: where the configuration names others, no column is lost.
std::string ground_of(const Plan& plan) {
  return plan.text.table + " " + std::string(config::name_of(plan.webhook->event));
}

}  // namespace

std::string detection_columns_of(const Plan& plan) {
  nlohmann::json columns = {{"of", ground_of(plan)}, {"key", nlohmann::json::array()}};
  if (plan.strategy == Strategy::timestamp) columns["stamp"] = {plan.selection.stamp};
  for (const auto& key : plan.selection.key)  // a row number is no column that could be lost
    if (plan.table->find(key.name) != nullptr) columns["key"].push_back(key.name);
  return columns.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool same_epoch(const std::string& stored, const Plan& plan) {
  return stored.starts_with(plan.fingerprint);
}

std::string lost_columns(const std::string& stored, const Plan& plan) {
  const auto& webhook = *plan.webhook;
  const auto stored_columns =
      nlohmann::json::parse(stored.substr(std::min(stored.size(), plan.fingerprint.size())), nullptr, false);
  if (!stored_columns.is_object() || !stored_columns.contains("of") || stored_columns["of"] != ground_of(plan))
    return {};
  const auto lost = [&](const nlohmann::json& names, const char* instead) -> std::string {
    for (const auto& item : names) {
      const auto name = item.is_string() ? item.get<std::string>() : "rowid";
      if (name == "rowid" || plan.table->find(name) != nullptr) continue;
      return webhook.id + ": column " + name + " of " + full_name(*plan.table) +
             ", by which it was polled, is gone (dropped or renamed); put it back, or say under " + instead +
             " what takes its place; it has " + columns_of(*plan.table);
    }
    return {};
  };
  if (webhook.columns->key.empty())
    if (auto why = lost(stored_columns.value("key", nlohmann::json::array()), "key"); !why.empty()) return why;
  const bool chosen =
      webhook.detect != Detect::automatic || !webhook.columns->updated.empty() || !webhook.columns->created.empty();
  if (chosen) return {};
  return lost(stored_columns.value("stamp", nlohmann::json::array()),
              webhook.event == Event::created ? "created_column" : "updated_column");
}

}  // namespace vhookd
