#include "daemon/shared_looks.h"

#include "daemon/sessions.h"

namespace vhookd {

namespace {

constexpr Micros keeps = std::chrono::seconds(1);

}  // namespace

SharedLooks::Place& SharedLooks::place(const config::Database& database) {
  const std::lock_guard lock(mutex_);
  auto& place = places_[Sessions::place_of(database)];
  if (!place) place = std::make_unique<Place>();
  return *place;
}

Result<void> SharedLooks::look(const config::Database& database, Connector& session, const Query& query,
                               const OnRow& on_row) {
  Place& at = place(database);
  const std::lock_guard lock(at.mutex);
  if (!at.asked || at.sql != query.sql || clock_.tick() - *at.asked > keeps) {
    at.asked.reset();
    at.rows.clear();
    const Tick now = clock_.tick();
    at.done = session.read(query, [&](Row row) {
      auto& kept = at.rows.emplace_back();
      for (const auto& value : row)
        kept.push_back({.kind = value.kind, .null = value.null, .text = std::string(value.text)});
      return true;
    });
    if (!at.done && at.done.error().recourse != Recourse::ask_operator) return at.done;
    at.sql = query.sql;
    at.asked = now;
  }
  for (const auto& row : at.rows) {
    std::vector<Value> values;
    for (const auto& param : row) values.push_back({.kind = param.kind, .null = param.null, .text = param.text});
    if (!on_row(values)) break;
  }
  return at.done;
}

}  // namespace vhookd
