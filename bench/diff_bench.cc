// What finding the changes costs a row by `snapshot`: the rows of a table in key order are merged with the known ones.
// The argument is how many of a thousand rows have changed. Divide by 10,000 for a row.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "scheduler/detect/method.h"

namespace vhookd::bench {
namespace {

constexpr int table_rows = 10'000;

Column column(const std::string& name, Kind kind) {
  Column made;
  made.name = name;
  made.kind = kind;
  made.nullable = false;
  return made;
}

struct Orders {
  config::Webhook webhook;
  Table table;
  std::vector<std::string> ids, totals;

  Orders() {
    webhook.id = "orders";
    webhook.database.edit().type = DbType::sqlite;
    webhook.object_type = "orders";
    webhook.detect = config::Detect::snapshot;
    table.name = {"main", "orders"};
    table.columns = {column("id", Kind::integer), column("status", Kind::text), column("total", Kind::decimal)};
    table.primary_key = {"id"};
    for (int i = 0; i < table_rows; ++i) {
      ids.push_back(std::to_string(100'000 + i));
      totals.emplace_back("1299.90");
    }
  }
};

using Known = std::map<std::string, KnownRow>;

KnownRows look_ups(const Known& known) {
  return {.find = [&](const std::string& key) -> Result<std::optional<KnownRow>> {
            const auto at = known.find(key);
            if (at == known.end()) return std::nullopt;
            return at->second;
          },
          .after = [&](const std::string& key, int limit) -> Result<std::vector<KnownRow>> {
            std::vector<KnownRow> found;
            for (auto at = known.upper_bound(key); at != known.end() && static_cast<int>(found.size()) < limit; ++at)
              found.push_back(at->second);
            return found;
          },
          .count = [&]() -> Result<std::int64_t> { return static_cast<std::int64_t>(known.size()); }};
}

// A whole poll of all rows; what it would have stored.
std::vector<Part> poll_all(const Orders& orders, const std::string& checkpoint, const Known& known,
                           std::int64_t& records) {
  auto plan = make_plan(orders.webhook, orders.table, traits_of(DbType::sqlite), std::nullopt);
  if (!plan) throw std::runtime_error(plan.error().message);
  auto method = make_method(*plan, checkpoint, look_ups(known));
  if (!method) throw std::runtime_error(method.error().message);
  PageStyle style{.webhook_json = "{}", .secret = {}, .random_id = [] { return std::string(32, 'a'); }};
  PageBuilder builder(std::move(style), RecordWriter(plan->delivered, plan->delivered_at));
  std::vector<Part> parts;
  while (const auto question = (*method)->next()) {
    const bool ranges = std::holds_alternative<RangeHashes>(*question);
    for (std::size_t i = 0; !ranges && i < orders.ids.size(); ++i) {
      // The columns, and the database's word that the filters hold.
      const Value row_values[] = {{.kind = Kind::integer, .text = orders.ids[i]},
                                  {.kind = Kind::text, .text = "paid"},
                                  {.kind = Kind::decimal, .text = orders.totals[i]},
                                  {.kind = Kind::integer, .text = "1"}};
      if (const auto taken = (*method)->row(row_values, builder); !taken)
        throw std::runtime_error(taken.error().message);
      if (auto part = builder.take_part()) parts.push_back(std::move(*part));
    }
    if (const auto done = (*method)->answered(builder); !done) throw std::runtime_error(done.error().message);
  }
  parts.push_back(builder.finish((*method)->checkpoint()));
  records = builder.records();
  return parts;
}

void BM_SnapshotMerge(benchmark::State& state) {
  Orders orders;
  Known known;
  std::int64_t records = 0;
  std::string checkpoint;
  for (auto& part : poll_all(orders, "", known, records)) {
    for (auto& remembered : part.remember) known.insert_or_assign(remembered.key, remembered);
    checkpoint = part.checkpoint;
  }
  const auto changed = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < orders.totals.size(); ++i)
    if (i % 1000 < changed) orders.totals[i] = "1300.00";
  for (auto _ : state) benchmark::DoNotOptimize(poll_all(orders, checkpoint, known, records));
  if (known.size() != table_rows || records != static_cast<std::int64_t>(changed) * table_rows / 1000)
    state.SkipWithError(
        ("found " + std::to_string(records) + " changes among " + std::to_string(known.size()) + " rows").c_str());
}
BENCHMARK(BM_SnapshotMerge)->Arg(0)->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vhookd::bench
