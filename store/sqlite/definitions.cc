// SqliteDefinitions: webhooks created through the API.
#include "store/sqlite/roles.h"
#include "store/sqlite/webhook_row.h"

namespace vhookd {

Result<void> SqliteDefinitions::define(const std::string& id, const std::string& json) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto now = state_.now();
    db.run("INSERT INTO definition (id, json) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET json = ?2", id, json);
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ?", now, ensure_webhook(db, id, now));
    return {};
  });
}

Result<std::vector<Definition>> SqliteDefinitions::all() {
  return state_.read([](Connection& db) {
    std::vector<Definition> all;
    for (Select row(db, "SELECT id, json FROM definition ORDER BY number"); row.next();)
      all.push_back({row.bytes(0), row.bytes(1)});
    return all;
  });
}

}  // namespace vhookd
