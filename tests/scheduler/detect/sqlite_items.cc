#include "tests/scheduler/detect/sqlite_items.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "core/time_text.h"

namespace vhookd::testing {

namespace {

std::string sql_time(Instant at, int digits) {
  auto text = rfc3339_seconds(std::chrono::floor<std::chrono::seconds>(at));
  text.pop_back();
  text[10] = ' ';
  std::array<char, 8> fraction{};
  const auto micros = (at - std::chrono::floor<std::chrono::seconds>(at)).count();
  std::snprintf(fraction.data(), fraction.size(), "%06d", static_cast<int>(micros));
  return digits == 0 ? text : text + "." + std::string(fraction.data()).substr(0, static_cast<std::size_t>(digits));
}

std::string iso_time(Instant at) {
  auto text = sql_time(at, 3) + "Z";
  text[10] = 'T';
  return text;
}

std::string declared(Times times) {
  if (times == Times::seconds || times == Times::millis) return "INTEGER";
  return times == Times::sql_micros || times == Times::sql_seconds ? "DATETIME" : "TEXT";
}

}  // namespace

SqliteItems::SqliteItems(Times times) : times_(times), writer_(folder_.file("items.db")) {
  const auto type = declared(times);
  writer_.execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
  writer_.execute(
      "CREATE TABLE items (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, flag INTEGER NOT NULL, gone BOOLEAN, "
      "updated_at " +
      type + ", created_at " + type + ")");
  writer_.execute("CREATE INDEX by_updated ON items (updated_at)");
  writer_.execute("CREATE INDEX by_created ON items (created_at)");
  session_ = open(sqlite_at(folder_.file("items.db")));
}

std::string SqliteItems::stamp(Instant at) const {
  const auto micros = at.time_since_epoch().count();
  switch (times_) {
    case Times::sql_micros:
      return "'" + sql_time(at, 6) + "'";
    case Times::sql_seconds:
      return "'" + sql_time(at, 0) + "'";
    case Times::iso_millis:
      return "'" + iso_time(at) + "'";
    case Times::mixed:
      return "'" + (++stamps_ % 2 == 0 ? iso_time(at) : sql_time(at, 0)) + "'";
    case Times::seconds:
      return std::to_string(micros / 1'000'000);
    case Times::millis:
      break;
  }
  return std::to_string(micros / 1000);
}

void SqliteItems::put(std::int64_t id, const Item& item, const std::string& updated, const std::string& created) {
  const bool there = rows_.contains(id);
  const auto values =
      std::to_string(item.version) + ", " + std::to_string(item.flag) + ", " + (item.gone ? "1" : "0") + ", " + updated;
  if (there) {
    writer_.execute("UPDATE items SET (version, flag, gone, updated_at) = (" + values +
                    ") WHERE id = " + std::to_string(id));
  } else {
    writer_.execute("INSERT INTO items VALUES (" + std::to_string(id) + ", " + values + ", " + created + ")");
  }
  rows_[id] = item;
}

void SqliteItems::remove(std::int64_t id) {
  writer_.execute("DELETE FROM items WHERE id = " + std::to_string(id));
  rows_.erase(id);
}

Table SqliteItems::describe() {
  auto table = session_->describe({"", "items"});
  if (table) return *table;
  ADD_FAILURE() << table.error().message;
  return {};
}

Answers SqliteItems::source(std::function<void()> between) {
  auto source = source_of(*session_);
  source.end = [this, between] {
    session_->end();
    between();
  };
  source.read = [this](const Query& query, const OnRow& on_row) {
    if (query.sql.find("vhookd_now") == std::string::npos) return session_->read(query, on_row);
    return session_->read(query, [&](Row row) {
      std::vector<Value> values(row.begin(), row.end());
      const auto text = sql_time(now, 3);
      values[0].text = text;
      return on_row(values);
    });
  };
  return source;
}

}  // namespace vhookd::testing
