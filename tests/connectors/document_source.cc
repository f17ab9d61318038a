#include "tests/connectors/document_source.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "core/clock.h"
#include "core/key.h"
#include "core/range_hash.h"
#include "core/text.h"

namespace vhookd::testing {

namespace {

using Cells = std::vector<Param>;

constexpr std::string_view op_name(Op op) {
  constexpr std::array<std::string_view, 10> names = {"eq",  "ne", "gt",     "gte",  "lt",
                                                      "lte", "in", "not_in", "like", "is_null"};
  return names.at(static_cast<std::size_t>(op));
}

class DocumentTraits final : public SourceTraits {
 public:
  explicit DocumentTraits(bool hashes_ranges) {
    can_.cell_types = true;
    can_.range_hashes = hashes_ranges;
    can_.idle_token = "the number of changes";
    can_.roles = false;
    can_.schemas = Capabilities::Schemas::one;
  }

  const Capabilities& capabilities() const override { return can_; }
  SelectionText text_of(const Selection& selection) const override {
    SelectionText text{.table = selection.table->name.name, .gone = selection.gone_column, .filters = {}, .values = {}};
    for (const auto& filter : selection.filters) {
      text.filters.push_back(filter.column + " " + std::string(op_name(filter.op)) + " ?");
      std::ranges::copy(filter.values, std::back_inserter(text.values));
    }
    return text;
  }

  KeyOrder key_order(const Column& /*column*/) const override { return KeyOrder::native; }
  bool orders_as_it_compares(const Column& /*column*/) const override { return true; }
  bool shares_key_order(const Column& /*column*/) const override { return true; }
  std::size_t ranges_at_once(std::size_t /*key_columns*/, bool /*indexed*/) const override { return 3; }
  std::size_t range_rows_at_once(std::size_t /*key_columns*/, bool /*indexed*/) const override { return 2; }

  bool can_index(const Column& /*column*/) const override { return true; }
  std::string index_statement(const Table& table, const std::vector<std::string>& columns,
                              const std::string& name) const override {
    return "index " + name + " of " + table.name.name + " on " + joined(columns);
  }

 private:
  Capabilities can_;
};

// FNV-1a, begun with `seed`.
std::uint64_t hash_of(const Cells& cells, std::uint64_t seed) {
  const auto add = [&](std::string_view bytes) {
    for (const char c : bytes) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  };
  for (const auto& cell : cells) {
    add(cell.null ? "-" : std::to_string(static_cast<int>(cell.kind)) + ":" + std::to_string(cell.text.size()) + ":");
    add(cell.text);
  }
  return seed;
}

std::string hashes_of(const Cells& cells) {
  return std::to_string(hash_of(cells, 0xcbf29ce484222325U)) + "," +
         std::to_string(hash_of(cells, 0x9e3779b97f4a7c15U));
}

Param number(std::int64_t value) {
  return {.kind = Kind::integer, .null = false, .text = std::to_string(value)};
}

Param text(std::string value) {
  return {.kind = Kind::text, .null = false, .text = std::move(value)};
}

// What core/key.h has no bytes for leaves none: the methods report such a row.
template <class Range>
std::string key_bytes(const Range& cells) {
  std::string bytes;
  for (const Param& cell : cells) append_key(bytes, view(cell));
  return bytes;
}

bool is_gone(const Selection& of, const Document& document) {
  if (of.gone_column.empty()) return false;
  const auto cell = cell_of(document, of.gone_column);
  if (cell.kind == Kind::boolean) return cell.text == "t";
  return cell.kind == Kind::integer ? compare(cell, number(0)) != 0 : !cell.null;
}

bool all_match(const Selection& of, const Document& document) {
  return std::ranges::all_of(of.filters,
                             [&](const Filter& filter) { return matches(cell_of(document, filter.column), filter); });
}

Cells columns_of(const Selection& of, const Document& document) {
  Cells cells;
  for (const auto& name : of.columns) cells.push_back(cell_of(document, name));
  return cells;
}

Cells key_of(const Selection& of, const Document& document) {
  Cells cells;
  for (const auto& key : of.key) cells.push_back(cell_of(document, key.name));
  return cells;
}

bool is_within(const std::string& key, const KeyRange& range) {
  return key >= range.first && (range.end.empty() || key < range.end);
}

// Answers one question of one state.
class Reader {
 public:
  Reader(const DocumentState& state, bool hashes_ranges, const OnRow& on_row)
      : state_(state), hashes_ranges_(hashes_ranges), on_row_(on_row) {}

  Result<void> operator()(const ClockPosition& asked) const {
    Cells row = {time_cell(SystemClock().now())};
    const auto found = asked.newest ? find(*asked.of) : Result<std::vector<Found>>();
    if (!found) return std::unexpected(found.error());
    if (asked.newest) row.push_back(newest(*asked.of, *found, nullptr));
    emit(row);
    return {};
  }

  Result<void> operator()(const NewestStamp& asked) const {
    const auto found = find(*asked.of);
    if (!found) return std::unexpected(found.error());
    emit({newest(*asked.of, *found, &asked.up_to)});
    return {};
  }

  Result<void> operator()(const Scan& asked) const {
    const Selection& of = *asked.of;
    auto found = find(of);
    if (!found) return std::unexpected(found.error());
    std::erase_if(*found, [&](const Found& one) { return !is_selected(asked, one); });
    if (asked.order == Scan::Order::by_stamp)
      std::ranges::stable_sort(*found,
                               [&](const Found& a, const Found& b) { return compare(stamp(of, a), stamp(of, b)) < 0; });
    int rows = 0;
    for (const auto& one : *found) {
      auto row = columns_of(of, *one.document);
      if (asked.match_column) row.push_back(number(all_match(of, *one.document) ? 1 : 0));
      if (!emit(row) || ++rows == asked.limit) break;
    }
    return {};
  }

  Result<void> operator()(const Keys& asked) const {
    const auto found = find(*asked.of);
    if (!found) return std::unexpected(found.error());
    for (const auto& one : *found)
      if (!emit(key_of(*asked.of, *one.document))) break;
    return {};
  }

  Result<void> operator()(const Lookup& asked) const {
    const auto found = find(*asked.of);
    if (!found) return std::unexpected(found.error());
    const std::set<std::string> keys(asked.keys.begin(), asked.keys.end());
    for (const auto& one : *found) {
      if (!keys.contains(one.key)) continue;
      auto row = columns_of(*asked.of, *one.document);
      row.push_back(number(is_gone(*asked.of, *one.document) ? 1 : 0));
      if (!emit(row)) break;
    }
    return {};
  }

  Result<void> operator()(const RowCount& asked) const {
    const auto found = find(*asked.of);
    if (!found) return std::unexpected(found.error());
    emit({number(static_cast<std::int64_t>(found->size()))});
    return {};
  }

  Result<void> operator()(const RangeHashes& asked) const {
    if (!hashes_ranges_) return no_answer();
    const auto found = find_hashed(*asked.of);
    if (!found) return std::unexpected(found.error());
    for (std::size_t i = 0; i < asked.starts.size(); ++i) {
      const KeyRange range{asked.starts[i], i + 1 < asked.starts.size() ? asked.starts[i + 1] : asked.end};
      std::int64_t rows = 0;
      RangeHash sums;
      for (const auto& one : *found) {
        if (!is_within(one.key, range)) continue;
        ++rows;
        sums.add(hashes_of(hashed(*asked.of, one)));
      }
      if (rows > 0 && !emit({number(static_cast<std::int64_t>(i)), number(rows), text(sums.text())})) break;
    }
    return {};
  }

  Result<void> operator()(const RangeRows& asked) const {
    if (!hashes_ranges_) return no_answer();
    const auto found = find_hashed(*asked.of);
    if (!found) return std::unexpected(found.error());
    for (const auto& one : *found) {
      if (std::ranges::none_of(asked.ranges, [&](const KeyRange& range) { return is_within(one.key, range); }))
        continue;
      auto row = columns_of(*asked.of, *one.document);
      row.push_back(number(all_match(*asked.of, *one.document) ? 1 : 0));
      row.push_back(text(hashes_of(hashed(*asked.of, one))));
      if (!emit(row)) break;
    }
    return {};
  }

  Result<void> operator()(const OpenTransactionBound& /*asked*/) const { return no_answer(); }
  Result<void> operator()(const ChangePosition& /*asked*/) const { return no_answer(); }
  Result<void> operator()(const ChangeScan& /*asked*/) const { return no_answer(); }
  Result<void> operator()(const TableCheck& /*asked*/) const { return no_answer(); }

 private:
  struct Found {
    std::string key;
    const Document* document;
  };

  static std::unexpected<Error> no_answer() {
    return fail(Recourse::give_up, "the document database has no answer to this question");
  }

  // All documents, in the order of the selection's key.
  Result<std::vector<Found>> find(const Selection& of) const {
    const auto collection = state_.collections.find(of.table->name.name);
    if (collection == state_.collections.end())
      return fail(Recourse::ask_operator, "there is no collection " + of.table->name.name + " any more");
    std::vector<Found> found;
    for (const auto& [key, document] : collection->second.documents)
      found.push_back({key_bytes(key_of(of, document)), &document});
    std::ranges::stable_sort(found, {}, &Found::key);
    return found;
  }

  // Those that the hashes of ranges are over.
  Result<std::vector<Found>> find_hashed(const Selection& of) const {
    auto found = find(of);
    if (found && of.keys_alone) std::erase_if(*found, [&](const Found& one) { return is_gone(of, *one.document); });
    return found;
  }

  static Cells hashed(const Selection& of, const Found& one) {
    auto cells = of.keys_alone ? key_of(of, *one.document) : columns_of(of, *one.document);
    cells.push_back(number(all_match(of, *one.document) ? 1 : 0));
    return cells;
  }

  static Param stamp(const Selection& of, const Found& one) { return cell_of(*one.document, of.stamp); }

  static bool is_selected(const Scan& asked, const Found& one) {
    const Selection& of = *asked.of;
    if (asked.without_gone && is_gone(of, *one.document)) return false;
    if (!asked.match_column && !all_match(of, *one.document)) return false;
    if (asked.stamps != Scan::Stamps::any && stamp(of, one).null != (asked.stamps == Scan::Stamps::null)) return false;
    if (asked.from && compare(stamp(of, one), write_stamp(asked.from->at, asked.from->form)) < 0) return false;
    return asked.after.empty() || is_after(asked, one);
  }

  static bool is_after(const Scan& asked, const Found& one) {
    std::span<const Param> after = asked.after;
    if (asked.order == Scan::Order::by_stamp) {
      const int order = compare(stamp(*asked.of, one), after[0]);
      if (order != 0) return order > 0;
      after = after.subspan(1);
    }
    return one.key > key_bytes(after);
  }

  // NULL: there is none. `up_to`: null for the largest of all.
  static Param newest(const Selection& of, const std::vector<Found>& found, const Param* up_to) {
    Param newest{.kind = Kind::text, .null = true, .text = {}};
    for (const auto& one : found) {
      auto at = stamp(of, one);
      if (at.null || (up_to != nullptr && compare(at, *up_to) > 0)) continue;
      if (newest.null || compare(at, newest) > 0) newest = std::move(at);
    }
    return newest;
  }

  bool emit(const Cells& cells) const {
    std::vector<Value> row;
    for (const auto& cell : cells) row.push_back(view(cell));
    return on_row_(row);
  }

  const DocumentState& state_;
  bool hashes_ranges_;
  const OnRow& on_row_;
};

Column column_of(const std::string& name, Kind kind, bool nullable) {
  Column column;
  column.name = name;
  column.declared = kind == Kind::json ? "document" : "value";
  column.kind = kind;
  column.nullable = nullable;
  return column;
}

bool is_named(const Collection& collection, const std::string& field) {
  return std::ranges::any_of(collection.fields, [&](const auto& named) { return named.first == field; });
}

// The fields that the schema names, then the others that documents have. One of several kinds is a text.
Table table_of(const std::string& name, const Collection& collection) {
  std::vector<std::pair<std::string, Kind>> fields = collection.fields;
  std::map<std::string, Kind> others;
  for (const auto& [key, document] : collection.documents) {
    for (const auto& [field, value] : document.items()) {
      if (value.is_null() || is_named(collection, field)) continue;
      const auto [at, is_new] = others.emplace(field, kind_of(value));
      if (!is_new && at->second != kind_of(value)) at->second = Kind::text;
    }
  }
  fields.insert(fields.end(), others.begin(), others.end());
  Table table;
  table.name = {.schema = {}, .name = name};
  for (const auto& [field, kind] : fields) table.columns.push_back(column_of(field, kind, field != collection.key));
  table.primary_key = {collection.key};
  table.indexes = {{.name = "by_key", .columns = {collection.key}, .unique = true}};
  table.estimated_rows = static_cast<std::int64_t>(collection.documents.size());
  return table;
}

class DocumentSource final : public Source {
 public:
  explicit DocumentSource(const DocumentDatabase& database) : database_(database) {}

  const SourceTraits& traits() const override { return database_.traits(); }
  std::string server() const override { return "documents in memory"; }

  Result<Table> describe(const TableName& name) override {
    const auto& collections = database_.state()->collections;
    if (const auto at = collections.find(name.name); at != collections.end()) return table_of(name.name, at->second);
    return fail(Recourse::ask_operator, "there is no collection " + name.name + "; there are " + joined(names()));
  }
  Result<std::vector<TableName>> tables(const std::string& /*schema*/) override {
    std::vector<TableName> tables;
    for (const auto& name : names()) tables.push_back({.schema = {}, .name = name});
    return tables;
  }
  Result<std::vector<std::string>> schemas() override { return std::vector<std::string>{""}; }

  using Source::begin;
  Result<void> begin() override {
    view_ = database_.state();
    return {};
  }
  void end() override { view_.reset(); }
  Result<void> read(const Question& question, const OnRow& on_row) override {
    const auto state = view_ ? view_ : database_.state();
    return std::visit(Reader(*state, traits().capabilities().range_hashes, on_row), question);
  }
  Result<std::optional<std::string>> idle_token() override { return std::to_string(database_.state()->changes); }

  ShownQuestion show(const Question& question, bool /*with_plan*/) override {
    return {.text = is_position(question) ? "where the database stands" : "documents",
            .values = {},
            .marks = {},
            .plan = {}};
  }
  OpenTransactions open_transactions() override { return {}; }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, collection] : database_.state()->collections) names.push_back(name);
    return names;
  }

  const DocumentDatabase& database_;
  std::shared_ptr<const DocumentState> view_;  // null: outside begin and end
};

}  // namespace

const SourceTraits& document_traits(bool hashes_ranges) {
  static const DocumentTraits with(true);
  static const DocumentTraits without(false);
  return hashes_ranges ? with : without;
}

DocumentState& DocumentDatabase::changed() {
  state_ = std::make_shared<DocumentState>(*state_);
  ++state_->changes;
  return *state_;
}

void DocumentDatabase::create(const std::string& collection, const std::string& key,
                              std::vector<std::pair<std::string, Kind>> fields) {
  changed().collections[collection] = {.key = key, .fields = std::move(fields), .documents = {}};
}

void DocumentDatabase::put(const std::string& collection, const Document& document) {
  auto& into = changed().collections.at(collection);
  into.documents.insert_or_assign(key_bytes(Cells{cell_of(document, into.key)}), document);
}

void DocumentDatabase::remove(const std::string& collection, const Document& key) {
  changed()
      .collections.at(collection)
      .documents.erase(key_bytes(Cells{cell_of(Document::object({{"key", key}}), "key")}));
}

std::unique_ptr<Source> DocumentDatabase::connect() const {
  return std::make_unique<DocumentSource>(*this);
}

}  // namespace vhookd::testing
