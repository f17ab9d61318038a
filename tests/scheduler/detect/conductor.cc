#include "tests/scheduler/detect/conductor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/sql/sql_source.h"
#include "scheduler/detect/driver.h"

namespace vhookd::testing {

Answers source_of(SqlSession& session) {
  return {.begin = [&session] { (void)session.begin(); },
          .end = [&session] { session.end(); },
          .read = [&session](const Query& query, const OnRow& on_row) { return session.read(query, on_row); }};
}

Conductor::Conductor(config::Webhook webhook_, Table table_, int max_records_)
    : webhook(std::move(webhook_)), table(std::move(table_)), max_records(max_records_) {}

KnownRows Conductor::look_ups() {
  return {.find = [this](const std::string& key) -> Result<std::optional<KnownRow>> {
            const auto at = known.find(key);
            if (at == known.end()) return std::nullopt;
            return at->second;
          },
          .after = [this](const std::string& key, int limit) -> Result<std::vector<KnownRow>> {
            std::vector<KnownRow> found;
            for (auto at = known.upper_bound(key); at != known.end() && static_cast<int>(found.size()) < limit; ++at)
              found.push_back(at->second);
            return found;
          },
          .count = [this]() -> Result<std::int64_t> { return static_cast<std::int64_t>(known.size()); },
          .ranges = [this]() -> Result<std::vector<KnownRange>> {
            std::vector<KnownRange> found;
            for (const auto& [first, range] : ranges) found.push_back(range);
            return found;
          }};
}

PageBuilder Conductor::builder(const Plan& plan) const {
  PageStyle style{.webhook_json = R"({"id":"hook"})",
                  .secret = {},
                  .max_records = max_records,
                  .next_sequence = next_sequence,
                  .initial = is_initial(checkpoint, plan),
                  .random_id = [] { return std::string("r"); },
                  .part_bytes = part_bytes,
                  .part_known_rows = part_known_rows};
  return {std::move(style), RecordWriter(plan.delivered, plan.delivered_at)};
}

void Conductor::commit(Part part, std::optional<std::int64_t> forget_below) {
  for (const auto& page : part.pages) {
    ASSERT_EQ(page.sequence, next_sequence) << "sequences have a gap";
    ++next_sequence;
    const auto body = nlohmann::json::parse(page.body);
    ASSERT_EQ(static_cast<int>(body.at("data").size()), page.records);
    ASSERT_LE(page.records, max_records);
    ASSERT_EQ(body.at("type"), name_of(page.type));
    page_sizes.push_back(page.records);
    for (const auto& record : body.at("data")) received.push_back({page.type, record});
  }
  for (auto& row : part.remember) {
    auto key = row.key;
    known.insert_or_assign(std::move(key), std::move(row));
  }
  for (const auto& key : part.forget) known.erase(key);
  if (part.no_ranges) ranges.clear();
  for (auto& range : part.ranges) ranges.insert_or_assign(range.first, range);
  for (const auto& first : part.dropped_ranges) ranges.erase(first);
  if (forget_below) std::erase_if(known, [&](const auto& item) { return item.second.mark < *forget_below; });
  checkpoint = std::move(part.checkpoint);
}

namespace {

class AnswersSession final : public SqlSession {
 public:
  AnswersSession(Answers& answers, std::vector<std::string>& asked) : answers_(answers), asked_(asked) {}

  Result<Table> describe(const TableName&) override { return Table(); }
  Result<std::vector<TableName>> tables(const std::string&) override { return std::vector<TableName>(); }
  Result<void> begin() override {
    answers_.begin();
    return {};
  }
  void end() override { answers_.end(); }
  Result<void> read(const Query& query, const OnRow& on_row) override {
    asked_.push_back(query.sql);
    return answers_.read(query, on_row);
  }
  std::string server() const override { return "none"; }

 private:
  Answers& answers_;
  std::vector<std::string>& asked_;
};

}  // namespace

// Commits what is finished, and dies when it is to.
class Conductor::Watch final : public DriveObserver {
 public:
  Watch(Conductor& conductor, Death death) : conductor_(conductor), death_(death) {}

  bool died = false;

  void asking(const Question&) override { of_view_ = 0; }
  Result<Then> handled(PageBuilder& builder) override {
    ++conductor_.rows;
    if (auto part = builder.take_part()) {
      conductor_.commit(std::move(*part), std::nullopt);
      died = death_.parts && ++parts_ >= *death_.parts;
    }
    died = died || (death_.rows && conductor_.rows >= *death_.rows);
    if (died) return Then::stop;
    return conductor_.rows_a_view > 0 && ++of_view_ >= conductor_.rows_a_view ? Then::new_view : Then::go_on;
  }

 private:
  Conductor& conductor_;
  Death death_;
  int parts_ = 0;
  int of_view_ = 0;
};

Went Conductor::poll(Answers& answers, Death death) {
  asked.clear();
  SqlSource source(sql_dialect_of(webhook.database->type), std::make_unique<AnswersSession>(answers, asked));
  return poll(source, death);
}

Went Conductor::poll(Source& source, Death death) {
  rows = 0;
  const auto wrong = [&](const Error& what) {
    error = what.message;
    source.end();
    return Went::wrong;
  };
  auto plan = make_plan(webhook, table, source.traits(), strategy_of(checkpoint));
  if (!plan) return wrong(plan.error());
  plan->range_rows = range_rows;
  plan->whole = whole;
  const auto method = make_method(*plan, checkpoint, look_ups());
  if (!method) return wrong(method.error());
  auto gathered = builder(*plan);
  Watch watch(*this, death);
  if (const auto done = drive(**method, source, gathered, watch); !done) return wrong(done.error());
  source.end();
  if (watch.died) return Went::cut;
  const auto summary = (*method)->summary();
  commit(gathered.finish((*method)->checkpoint()), summary.forget_below);
  more = summary.unfinished;
  up_to_date = summary.up_to_date;
  last_notice = summary.notice;
  return Went::whole;
}

void Conductor::poll_all(Answers source) {
  part_known_rows = part_bytes = 1 << 20;
  EXPECT_EQ(poll(source), Went::whole) << error;
}

bool Conductor::settle(Source& source) {
  for (int i = 0; i < 20; ++i) {
    if (poll(source) == Went::wrong) return false;
    if (!more) return true;
  }
  error = "there is always more";
  return false;
}

bool Conductor::was_narrow() const {
  return std::ranges::any_of(asked, [](const std::string& sql) { return sql.contains("AND \"updated_at\" >= $"); });
}

std::vector<Received> Conductor::with(const std::string& field, const nlohmann::json& value) const {
  std::vector<Received> found;
  std::ranges::copy_if(received, std::back_inserter(found),
                       [&](const Received& one) { return one.record.at(field) == value; });
  return found;
}

config::Webhook a_webhook(DbType type, config::Event event) {
  config::Webhook webhook;
  webhook.id = "hook";
  webhook.connection_id = "shop";
  webhook.database.edit().type = type;
  webhook.object_type = "items";
  webhook.event = event;
  return webhook;
}

Column column(const std::string& name, Kind kind, bool nullable) {
  Column made;
  made.name = name;
  made.kind = kind;
  made.nullable = nullable;
  return made;
}

}  // namespace vhookd::testing
