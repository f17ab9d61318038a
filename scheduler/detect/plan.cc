#include "scheduler/detect/plan.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "core/crypto.h"
#include "core/text.h"
#include "scheduler/detect/epoch.h"
#include "scheduler/detect/table_text.h"

namespace vhookd {

using config::Detect;
using config::Event;

namespace {

// Names people give these columns, lower case without underscores, the likeliest first.
constexpr std::array updated_names = {"updatedat",  "modifiedat",    "lastmodified", "lastmodifiedat", "lastupdated",
                                      "lastupdate", "lastupdatedat", "updatedon",    "modifiedon",     "updatetime",
                                      "updated",    "modified",      "modifytime",   "datemodified",   "dateupdated",
                                      "changedat",  "modifieddate",  "updateddate",  "mtime"};
constexpr std::array created_names = {"createdat",    "insertedat",  "createdon",   "createtime", "created",
                                      "creationdate", "datecreated", "createddate", "inserted",   "ctime"};

std::string plain(std::string_view name) {
  std::string out = lower(name);
  std::erase(out, '_');
  return out;
}

std::unexpected<Error> no_column(const config::Webhook& webhook, const Table& table, std::string_view key,
                                 const std::string& column) {
  return fail(Recourse::ask_operator, webhook.id + ": " + std::string(key) + ": " + full_name(table) +
                                          " has no column " + column + "; it has " + columns_of(table));
}

bool holds_time(const Column& column, const Capabilities& can) {
  if (column.kind == Kind::timestamp || column.kind == Kind::timestamptz) return true;
  // Where columns have no type for times, a name and a text or number must do; the values are checked as they come.
  return can.cell_types && (column.kind == Kind::text || column.kind == Kind::integer || column.kind == Kind::real);
}

template <std::size_t N>
const Column* by_name(const Table& table, const Capabilities& can, const std::array<const char*, N>& names) {
  for (const std::string_view name : names)
    for (const auto& column : table.columns)
      if (plain(column.name) == name && holds_time(column, can)) return &column;
  return nullptr;
}

// An index that begins with the column; null: none.
const Index* led_by(const Table& table, const std::string& column) {
  const auto at = std::ranges::find_if(
      table.indexes, [&](const Index& index) { return !index.columns.empty() && index.columns[0] == column; });
  return at == table.indexes.end() ? nullptr : &*at;
}

class Planner {
 public:
  Planner(const config::Webhook& webhook, const Table& table, const SourceTraits& traits,
          std::optional<Strategy> before)
      : webhook_(webhook), table_(table), traits_(traits), can_(traits.capabilities()), before_(before) {
    plan_.webhook = &webhook;
    plan_.table = &table;
    plan_.traits = &traits;
    plan_.selection.table = &table;
    plan_.selection.keys_alone = webhook.event == Event::deleted;
  }

  Result<Plan> run() {
    for (const auto step : {&Planner::select, &Planner::deliver, &Planner::find_key, &Planner::find_times,
                            &Planner::filters, &Planner::choose, &Planner::check, &Planner::finish})
      if (auto done = (this->*step)(); !done) return std::unexpected(done.error());
    return std::move(plan_);
  }

 private:
  std::size_t position(const std::string& column) const {
    return static_cast<std::size_t>(std::ranges::find(table_.columns, column, &Column::name) - table_.columns.begin());
  }

  std::unexpected<Error> misfit(const std::string& text) const {
    return fail(Recourse::ask_operator, webhook_.id + ": " + text);
  }

  Result<void> select() {
    for (const auto& column : table_.columns) plan_.selection.columns.push_back(column.name);
    plan_.digested = plan_.selection.columns.size();
    if (can_.cell_types) plan_.typing = Typing::by_cell;
    return {};
  }

  Result<void> deliver() {
    if (webhook_.fields.empty()) {
      for (const auto& column : table_.columns) plan_.delivered.push_back(column.name);
    } else {
      for (const auto& field : webhook_.fields)
        if (table_.find(field) == nullptr) return no_column(webhook_, table_, "fields", field);
      plan_.delivered = webhook_.fields;
    }
    for (const auto& name : plan_.delivered) plan_.delivered_at.push_back(position(name));
    return {};
  }

  Result<void> find_key() {
    auto names = webhook_.columns->key.empty() ? table_.primary_key : webhook_.columns->key;
    if (names.empty()) names = unique_key();
    for (const auto& name : names) {
      const Column* column = table_.find(name);
      if (column == nullptr) return no_column(webhook_, table_, "key", name);
      if (column->kind == Kind::real)
        return misfit(
            "key: " + name +
            " is floating point, which has no exact text to find a row by again; name other columns under key");
      key().push_back({name, position(name)});
    }
    if (key().empty() && table_.relation == Relation::table) add_row_number();
    plan_.firm_key = vouched_for();
    return {};
  }

  // By the first of its names that no column has taken: such a column is what the name stands for then.
  void add_row_number() {
    for (const auto& name : can_.row_number.names) {
      const bool taken = std::ranges::any_of(table_.columns, [&](const Column& c) { return lower(c.name) == name; });
      if (taken) continue;
      key().push_back({name, plan_.selection.columns.size()});
      plan_.selection.columns.push_back(name);
      return;
    }
  }

  std::vector<KeyColumn>& key() { return plan_.selection.key; }

  bool vouched_for() const {
    const auto same = [&](const std::vector<std::string>& names) {
      return std::ranges::equal(names, plan_.selection.key, {}, {}, &KeyColumn::name);
    };
    const auto never_null = [&](const KeyColumn& key) {
      const Column* column = table_.find(key.name);
      return column != nullptr && !column->nullable;
    };
    if (plan_.selection.key.empty() || table_.has_heirs) return false;  // each of those has an index of its own, if any
    if (same(table_.primary_key)) return true;
    const auto unique = [&](const Index& index) { return index.unique && same(index.columns); };
    return std::ranges::any_of(table_.indexes, unique) && std::ranges::all_of(plan_.selection.key, never_null);
  }

  std::vector<std::string> unique_key() const {
    for (const auto& index : table_.indexes) {
      const auto firm = [&](const std::string& name) {
        const Column* column = table_.find(name);
        return column != nullptr && !column->nullable && column->kind != Kind::real;
      };
      if (index.unique && !index.columns.empty() && std::ranges::all_of(index.columns, firm)) return index.columns;
    }
    return {};
  }

  Result<const Column*> named_time(std::string_view option, const std::string& name) const {
    const Column* column = table_.find(name);
    if (column == nullptr) return no_column(webhook_, table_, option, name);
    if (!holds_time(*column, can_) && column->kind != Kind::integer)
      return misfit(std::string(option) + ": " + name + " is " + column->declared +
                    ", not a time; name a timestamp column or use detect: snapshot");
    return column;
  }

  Result<void> find_times() {
    updated_ = by_name(table_, can_, updated_names);
    created_ = by_name(table_, can_, created_names);
    if (!webhook_.columns->updated.empty()) {
      const auto column = named_time("updated_column", webhook_.columns->updated);
      if (!column) return std::unexpected(column.error());
      updated_ = *column;
    }
    if (!webhook_.columns->created.empty()) {
      const auto column = named_time("created_column", webhook_.columns->created);
      if (!column) return std::unexpected(column.error());
      created_ = *column;
    }
    if (!webhook_.columns->deleted.empty()) {
      const Column* column = table_.find(webhook_.columns->deleted);
      if (column == nullptr) return no_column(webhook_, table_, "deleted_column", webhook_.columns->deleted);
      plan_.selection.gone_column = column->name;
    }
    return {};
  }

  Result<void> filters() {
    for (const auto& filter : webhook_.filters) {
      if (table_.find(filter.column) == nullptr) return no_column(webhook_, table_, "filters", filter.column);
    }
    plan_.selection.filters = webhook_.filters;
    plan_.text = traits_.text_of(plan_.selection);
    return {};
  }

  bool tells_new_from_changed() const { return webhook_.event == Event::created || !webhook_.include_created; }

  // The column whose movement finds the rows this event wants; null: none.
  const Column* moving() const { return webhook_.event == Event::created ? created_ : updated_; }

  bool tells_its_transactions() const {
    const bool has_rows = table_.relation == Relation::table || table_.relation == Relation::partitioned_table;
    return can_.change_tokens && has_rows && !table_.foreign_parts;
  }

  bool xid_works() const { return tells_its_transactions() && webhook_.event != Event::deleted; }

  // Why a relation of a database with change tokens is not polled by xid; empty: it could be, or there are no tokens.
  std::string why_not_xid() const {
    if (!can_.change_tokens || tells_its_transactions()) return {};
    const std::string what = table_.foreign_parts                             ? "a table with foreign parts"
                             : table_.relation == Relation::view              ? "a view"
                             : table_.relation == Relation::materialized_view ? "a materialized view"
                                                                              : "a foreign table";
    return what + " does not tell which transaction wrote each row; ";
  }

  // A column nobody is sure to move finds less than a comparison does. It is taken unasked only where the
  // server moves it or an index makes it worth having: without one, comparing costs the same read.
  bool timestamp_suits() const {
    const Column* column = moving();
    if (column == nullptr || webhook_.event == Event::deleted || plan_.selection.key.empty()) return false;
    if (webhook_.event == Event::updated && !webhook_.include_created) return false;
    const auto& asked = webhook_.event == Event::created ? webhook_.columns->created : webhook_.columns->updated;
    return !asked.empty() || column->touched_on_update || led_by(table_, column->name) != nullptr;
  }

  Result<void> choose() {
    if (webhook_.detect == Detect::xid) return chosen(Strategy::xid, "asked for by detect");
    if (webhook_.detect == Detect::timestamp) return chosen(Strategy::timestamp, "asked for by detect");
    if (webhook_.detect == Detect::snapshot) return chosen(Strategy::snapshot, "asked for by detect");
    const bool keyed = !plan_.selection.key.empty();
    if (before_ == Strategy::snapshot && keyed) return chosen(*before_, "kept from earlier polls");
    if (before_ == Strategy::timestamp && keyed && moving() != nullptr && webhook_.event != Event::deleted)
      return chosen(*before_, "kept from earlier polls");
    if (xid_works())
      return chosen(Strategy::xid, table_.relation == Relation::partitioned_table
                                       ? "each partition of a PostgreSQL table tells which transaction wrote each row"
                                       : "a PostgreSQL table tells which transaction wrote each row");
    if (webhook_.event == Event::deleted)
      return chosen(Strategy::snapshot, "only a comparison shows rows that are gone");
    if (timestamp_suits())
      return chosen(Strategy::timestamp, why_not_xid() + "column " + moving()->name + " moves with each change");
    return chosen(Strategy::snapshot,
                  why_not_xid() + (moving() == nullptr
                                       ? "no column tells when a row changed"
                                       : "column " + moving()->name + " is neither indexed nor kept by the server"));
  }

  Result<void> chosen(Strategy strategy, std::string reason) {
    plan_.strategy = strategy;
    plan_.reason = std::move(reason);
    return {};
  }

  Result<void> check() {
    if (plan_.strategy == Strategy::xid && !xid_works())
      return misfit("detect: xid works on PostgreSQL tables with event created or updated; " + full_name(table_) +
                    (!can_.change_tokens                ? " is in another database"
                     : webhook_.event == Event::deleted ? " leaves no trace of deleted rows"
                     : table_.foreign_parts             ? " has rows of a foreign table"
                                                        : " is not an ordinary table") +
                    "; use detect: auto");
    if (plan_.strategy == Strategy::timestamp) {
      if (webhook_.event == Event::deleted)
        return misfit("detect: timestamp can't see that a row is gone; use detect: snapshot or auto");
      if (moving() == nullptr)
        return misfit(std::string("detect: timestamp needs a column that moves; name it as ") +
                      (webhook_.event == Event::created ? "created_column" : "updated_column") + "; " +
                      full_name(table_) + " has " + columns_of(table_));
      if (!webhook_.include_created && created_ == nullptr)
        return misfit(
            "include_created: false needs created_column to tell new rows from changed ones, or detect: snapshot");
    }
    const bool needs_key = plan_.strategy != Strategy::xid || tells_new_from_changed();
    if (needs_key && plan_.selection.key.empty())
      return misfit(full_name(table_) + " has no primary key; name the columns that tell its rows apart under key");
    return {};
  }

  // Between full sweeps a poll sees neither deletions nor what is not stamped: good enough only where a row's digest
  // alone says whether it is sent, and nobody has asked for the plain method.
  bool wants_narrowing() const {
    const bool has_time =
        updated_ != nullptr && (updated_->kind == Kind::timestamp || updated_->kind == Kind::timestamptz);
    return plan_.strategy == Strategy::xid && webhook_.detect == Detect::automatic && has_time &&
           webhook_.event == Event::updated && webhook_.include_created && plan_.firm_key &&
           table_.estimated_rows >= large_table_rows;
  }

  void narrow_by(const Index& index) {
    plan_.narrow_index = index.name;
    plan_.reason += "; narrowed by index " + index.name + " on " + plan_.selection.stamp;
  }

  Result<void> finish() {
    const Column* stamp = moving();
    if (stamp == nullptr && plan_.strategy != Strategy::timestamp) stamp = updated_ != nullptr ? updated_ : created_;
    if (stamp != nullptr) {
      plan_.selection.stamp = stamp->name;
      plan_.stamp_at = position(stamp->name);
      plan_.stamp_nullable = stamp->nullable;
    }
    if (updated_ != nullptr) plan_.updated = updated_->name;
    if (created_ != nullptr) {
      plan_.created = created_->name;
      plan_.created_at = position(created_->name);
    }
    plan_.remembers = plan_.strategy != Strategy::xid || tells_new_from_changed() || plan_.firm_key;
    plan_.narrow_wanted = wants_narrowing();
    if (const Index* index = plan_.narrow_wanted ? led_by(table_, plan_.selection.stamp) : nullptr; index != nullptr)
      narrow_by(*index);
    if (webhook_.checked_at && plan_.selection.stamp.empty() && webhook_.event != Event::deleted)
      return misfit("checked_at: " + full_name(table_) +
                    " has no column that tells when a row changed; name it as updated_column, or leave checked_at out");
    plan_.fingerprint = fingerprint();
    plan_.detection_columns = detection_columns_of(plan_);
    return {};
  }

  std::string fingerprint() const {
    std::vector<std::string> parts = {plan_.text.table, std::string(config::name_of(webhook_.event)),
                                      std::string(name_of(plan_.strategy)),
                                      webhook_.include_created ? "" : "changed only", plan_.text.gone};
    if (plan_.strategy == Strategy::timestamp) parts.push_back(plan_.selection.stamp);
    for (const auto& key : plan_.selection.key) parts.push_back("key " + key.name);
    for (const auto& field : webhook_.fields) parts.push_back("field " + field);
    parts.insert(parts.end(), plan_.text.filters.begin(), plan_.text.filters.end());
    for (const auto& param : plan_.text.values) parts.push_back("value " + param.text);
    std::vector<Value> values;
    values.reserve(parts.size());
    for (const auto& part : parts) values.push_back({.text = part});
    return hex_lower(digest(values, values.size()));  // a digest, so that no value of a filter stands in the state
  }

  const config::Webhook& webhook_;
  const Table& table_;
  const SourceTraits& traits_;
  const Capabilities& can_;
  std::optional<Strategy> before_;
  const Column* updated_ = nullptr;
  const Column* created_ = nullptr;
  Plan plan_;
};

}  // namespace

std::string_view name_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::xid:
      return "xid";
    case Strategy::timestamp:
      return "timestamp";
    case Strategy::snapshot:
      return "snapshot";
  }
  return {};
}

bool Plan::wants_created() const {
  return webhook->event == Event::created || (webhook->event == Event::updated && webhook->include_created);
}

bool Plan::wants_updated() const {
  return webhook->event == Event::updated;
}

Result<Plan> make_plan(const config::Webhook& webhook, const Table& table, const SourceTraits& traits,
                       std::optional<Strategy> before) {
  return Planner(webhook, table, traits, before).run();
}

}  // namespace vhookd
