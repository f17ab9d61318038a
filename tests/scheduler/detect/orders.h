// A table of orders and what a webhook on it plans.
#pragma once

#include <optional>
#include <string>

#include "connectors/connector.h"
#include "scheduler/detect/plan.h"
#include "tests/scheduler/detect/conductor.h"

namespace vhookd::testing {

// orders: id, status, total, updated_at, created_at; key id, nothing else indexed.
inline Table orders() {
  Table table;
  table.name = {"shop", "orders"};
  table.columns = {column("id", Kind::integer), column("status", Kind::text, true), column("total", Kind::decimal),
                   column("updated_at", Kind::timestamp, true), column("created_at", Kind::timestamp)};
  for (auto& one : table.columns) one.declared = "its type";
  table.primary_key = {"id"};
  return table;
}

inline Table indexed(Table table, const std::string& name) {
  table.indexes.push_back({.name = "by_" + name, .columns = {name, "id"}, .unique = false});
  return table;
}

inline config::Webhook webhook(DbType type = DbType::postgres, config::Event event = config::Event::updated) {
  auto made = a_webhook(type, event);
  made.object_type = "orders";
  return made;
}

// The plan of a webhook and table that stay where they are.
struct Planned {
  Planned(config::Webhook w, Table t, std::optional<Strategy> before = {})
      : webhook(std::move(w)),
        table(std::move(t)),
        plan(make_plan(webhook, table, traits_of(webhook.database->type), before)) {}
  std::string error() const { return plan ? "" : plan.error().message; }
  config::Webhook webhook;
  Table table;
  Result<Plan> plan;
};

}  // namespace vhookd::testing
