#include "scheduler/detect/index_advice.h"

#include <algorithm>
#include <vector>

#include "core/crypto.h"
#include "scheduler/detect/digest.h"
#include "scheduler/detect/snapshot/range_hashes.h"
#include "scheduler/detect/xid/xid_narrowing.h"

namespace vhookd {

namespace {

bool begins_with(const Index& index, const std::vector<std::string>& columns) {
  return index.columns.size() >= columns.size() && std::equal(columns.begin(), columns.end(), index.columns.begin());
}

const Index* find_index(const Table& table, const std::vector<std::string>& columns) {
  const auto at = std::ranges::find_if(table.indexes, [&](const Index& index) { return begins_with(index, columns); });
  return at == table.indexes.end() ? nullptr : &*at;
}

// The stamp, then the key where it is of columns (a rowid stands in every index anyway).
std::vector<std::string> wanted_columns(const Plan& plan) {
  std::vector<std::string> columns = {plan.selection.stamp};
  for (const auto& key : plan.selection.key) {
    const Column* column = plan.table->find(key.name);
    if (column == nullptr) continue;
    if (!plan.traits->can_index(*column)) return {plan.selection.stamp};
    columns.push_back(key.name);
  }
  return columns;
}

// A name that fits every server's limit of 63 and 64 bytes.
std::string index_name(const Plan& plan) {
  std::string name = plan.table->name.name + "_" + plan.selection.stamp + "_vhookd";
  if (name.size() <= 60) return name;
  const Value value{.text = name};
  return "vhookd_" + hex_lower(digest(std::span(&value, 1), 1));
}

std::string statement(const Plan& plan, const std::vector<std::string>& columns) {
  return plan.traits->index_statement(*plan.table, columns, index_name(plan));
}

IndexAdvice for_timestamp(const Plan& plan) {
  const auto columns = wanted_columns(plan);
  if (const Index* whole = find_index(*plan.table, columns))
    return {whole->name, "", "each poll reads a range of it, in its order"};
  if (const Index* leading = find_index(*plan.table, {plan.selection.stamp}))
    return {leading->name, "", "each poll reads a range of it and sorts what it finds"};
  const std::string cost = "no index begins with " + plan.selection.stamp + ", so each poll reads the whole table";
  if (plan.table->relation == Relation::view)
    return {"", "", cost + " behind the view; an index there may serve, which the view itself can't tell"};
  if (plan.table->relation == Relation::foreign_table) return {"", "", cost + "; an index at the foreign server helps"};
  return {"", statement(plan, columns), cost};
}

// The statement for an index with which `detect: auto` would take timestamp; empty: it would not.
std::string for_timestamp_instead(const Plan& plan) {
  const auto& webhook = *plan.webhook;
  const auto& moving = webhook.event == config::Event::created ? plan.created : plan.updated;
  const auto relation = plan.table->relation;
  const bool indexable = relation != Relation::view && relation != Relation::foreign_table;
  if (webhook.detect != config::Detect::automatic || webhook.event == config::Event::deleted || moving.empty() ||
      !webhook.include_created || !indexable || find_index(*plan.table, {moving}) != nullptr)
    return {};
  return statement(plan, wanted_columns(plan));
}

// Which index gives the order the comparison asks for, and what a poll costs.
IndexAdvice order_for_snapshot(const Plan& plan) {
  std::vector<std::string> columns;
  for (const auto& key : plan.selection.key) columns.push_back(key.name);
  const bool is_rowid = plan.table->find(columns.front()) == nullptr;
  const Index* index = find_index(*plan.table, columns);
  if (const auto why = why_no_range_hashes(plan); !why.empty()) {
    const auto cost = "each poll reads the whole table, for fingerprints of its parts can't be used: " + why;
    for (const auto& key : plan.selection.key) {
      const Column* column = plan.table->find(key.name);
      const bool computed = column != nullptr && plan.traits->key_order(*column) == KeyOrder::computed;
      if (computed || index == nullptr) return {"", "", cost + "; the server sorts it by its key"};
    }
    return {index->name, "", cost + "; it comes in the index's order where the server finds that cheaper"};
  }
  const std::string cost =
      "at each poll the database works out a fingerprint of every part of the table, and only "
      "the parts that changed are read";
  if (is_rowid) return {"rowid", "", cost + ", by it"};
  if (key_is_indexed(*plan.traits, plan.selection)) return {index->name, "", cost + ", by this index"};
  return {"", "", cost + ", which takes a second pass over the table: no index gives the key's order by its bytes"};
}

IndexAdvice for_snapshot(const Plan& plan) {
  auto advice = order_for_snapshot(plan);
  advice.cost += "; the state keeps the key and 16 bytes of each row";
  advice.missing = for_timestamp_instead(plan);
  if (!advice.missing.empty())
    advice.cost +=
        ". With the index to add, a new webhook is polled by timestamp: that reads only what moved, and "
        "promises less";
  return advice;
}

IndexAdvice for_xid(const Plan& plan) {
  IndexAdvice advice{.used = plan.narrow_index, .missing = {}, .cost = {}};
  if (plan.narrow_index.empty()) {
    advice.cost =
        "each poll is one scan of the table, of which the server passes on only what is newer; no index serves that";
  } else {
    advice.cost = "most polls read a range of it; " + between_sweeps_text() +
                  ", and is one scan of the table, of which the server passes on only what is newer";
  }
  if (plan.remembers)
    advice.cost +=
        ". Its rows are counted as well, and where some are gone the keys read. The first poll reads every row; the "
        "state keeps the key and 16 bytes of each";
  if (plan.narrow_wanted && plan.narrow_index.empty()) {
    advice.missing = statement(plan, {plan.selection.stamp});
    advice.cost += ". With the index to add, most polls read a range of that instead; " + between_sweeps_text();
  }
  return advice;
}

}  // namespace

IndexAdvice index_advice(const Plan& plan) {
  switch (plan.strategy) {
    case Strategy::timestamp:
      return for_timestamp(plan);
    case Strategy::snapshot:
      return for_snapshot(plan);
    case Strategy::xid:
      break;
  }
  return for_xid(plan);
}

}  // namespace vhookd
