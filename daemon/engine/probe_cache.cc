#include "daemon/engine/probe_cache.h"

#include <poll.h>

#include "daemon/engine/connection_key.h"

namespace vhookd {

namespace {

constexpr Micros keeps = std::chrono::seconds(1);
constexpr int renewal_ms = 120;  // a little more than InnoDB's 100
constexpr int most_looks = 3;

using Rows = std::vector<std::vector<Param>>;

Result<Rows> rows_of(Source& source, const Question& question) {
  Rows rows;
  const auto done = source.read(question, [&](Row row) {
    auto& kept = rows.emplace_back();
    for (const auto& value : row)
      kept.push_back({.kind = value.kind, .null = value.null, .text = std::string(value.text)});
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return rows;
}

Result<Rows> new_rows_of(Source& source, const Question& question) {
  auto rows = rows_of(source, question);
  for (int looks = 1; looks < most_looks && rows && !rows->empty() && rows->front().front().null; ++looks) {
    ::poll(nullptr, 0, renewal_ms);  // nothing tells when it is renewed
    rows = rows_of(source, question);
  }
  return rows;
}

void give(const Rows& rows, const OnRow& on_row) {
  for (const auto& row : rows) {
    std::vector<Value> values;
    for (const auto& param : row) values.push_back({.kind = param.kind, .null = param.null, .text = param.text});
    if (!on_row(values)) return;
  }
}

}  // namespace

Result<void> look_for_what_is_new(Source& source, const Question& question, const OnRow& on_row) {
  const auto rows = new_rows_of(source, question);
  if (!rows) return std::unexpected(rows.error());
  give(*rows, on_row);
  return {};
}

ProbeCache::Entry& ProbeCache::entry_of(const config::Database& database) {
  const MutexLock lock(mutex_);
  auto& entry = entries_[server_key(database)];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

Result<void> ProbeCache::look(const config::Database& database, Source& source, const Question& question,
                              const OnRow& on_row) {
  Entry& at = entry_of(database);
  MutexLock lock(at.mutex);
  while (at.asking) at.answered.wait(lock);
  if (!at.asked || at.question != question.index() || clock_.tick() - *at.asked > keeps) {
    const Tick now = clock_.tick();
    at.asking = true;
    lock.unlock();
    auto rows = new_rows_of(source, question);
    lock.lock();
    at.asking = false;
    at.answered.notify_all();
    const bool kept = rows || rows.error().recourse == Recourse::ask_operator;
    at.asked = kept ? std::optional(now) : std::nullopt;
    at.question = question.index();
    at.rows = std::move(rows);
  }
  const auto rows = at.rows;
  lock.unlock();
  if (!rows) return std::unexpected(rows.error());
  give(*rows, on_row);
  return {};
}

}  // namespace vhookd
