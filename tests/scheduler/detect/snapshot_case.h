// One webhook by snapshot over a SQLite table, poll by poll.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/scheduler/detect/sqlite_items.h"

namespace vhookd::testing {

using config::Event;

class SnapshotPollCase : public ::testing::Test {
 protected:
  void watch(Event event) {
    conductor.webhook = a_webhook(DbType::sqlite, event);
    conductor.webhook.detect = config::Detect::snapshot;
  }
  void put(std::int64_t id, Item item) { items.put(id, item, "NULL", "NULL"); }
  Went poll(const std::function<void()>& between = [] {}) {
    auto source = items.source(between);
    const auto went = conductor.poll(source);
    EXPECT_NE(went, Went::wrong) << conductor.error;
    return went;
  }
  nlohmann::json records() const {
    auto list = nlohmann::json::array();
    for (const auto& one : conductor.received) list.push_back(one.record);
    return list;
  }
  std::vector<std::int64_t> ids() const {
    std::vector<std::int64_t> found;
    for (const auto& one : conductor.received) found.push_back(one.record.at("id"));
    return found;
  }
  using Ids = std::vector<std::int64_t>;

  SqliteItems items{Times::sql_seconds};
  Conductor conductor{a_webhook(DbType::sqlite, Event::updated), items.describe(), 500};
};

}  // namespace vhookd::testing
