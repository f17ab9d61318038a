// What describe() and tables() say, and names of every shape.
#include <algorithm>

#include "tests/connectors/conformance.h"

namespace vhookd::conformance {

namespace {

using Names = std::vector<std::string>;

Names columns_of(const Table& table) {
  Names names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

const Index* index_over(const Table& table, const Names& columns) {
  const auto at = std::ranges::find(table.indexes, columns, &Index::columns);
  return at == table.indexes.end() ? nullptr : &*at;
}

// What has broken quoting, placeholder scanning or splicing somewhere before.
const Names odd_names = {
    "Mixed Case",  "order",     "SELECT",     "with.dot",   "double\"quote", "single'quote", "back`tick",
    "back\\slash", "question?", "dollar$1",   "per%s cent", "braces{}",      "colon:name",   "at@sign",
    "-- comment",  "/* open",   "semi;colon", "ümläut ☃",   "[bracket]",     "1digit",
};

}  // namespace

TEST_P(Conformance, DescribesATable) {
  make_table("conf_orders",
             "(region varchar(20) NOT NULL, number integer NOT NULL, note varchar(100), Code varchar(10) NOT NULL,"
             " PRIMARY KEY (number, region))");
  const auto table = described("conf_orders");
  EXPECT_EQ(table.name.name, "conf_orders");
  EXPECT_FALSE(table.name.schema.empty()) << "the schema is to be resolved";
  EXPECT_EQ(table.relation, Relation::table);
  ASSERT_EQ(table.columns.size(), 4u);
  EXPECT_EQ(table.columns[0].name, "region");
  EXPECT_EQ(table.columns[1].name, "number");
  EXPECT_EQ(table.columns[2].name, "note");
  EXPECT_FALSE(table.columns[0].nullable);
  EXPECT_FALSE(table.columns[1].nullable);
  EXPECT_TRUE(table.columns[2].nullable);
  EXPECT_EQ(name_of(table.columns[0].kind), "text");
  EXPECT_EQ(name_of(table.columns[1].kind), "integer");
  for (const auto& column : table.columns) {
    EXPECT_FALSE(column.declared.empty()) << column.name;
    EXPECT_FALSE(column.touched_on_update) << column.name;
  }
  EXPECT_EQ(table.primary_key, (Names{"number", "region"})) << "in key order, not in column order";
  EXPECT_EQ(table.may_write, GetParam().may_write);
}

TEST_P(Conformance, DescribesBySchemaToo) {
  make_table("conf_orders", "(id integer NOT NULL PRIMARY KEY)");
  const auto by_default = described("conf_orders");
  const auto by_schema = session_->describe({.schema = by_default.name.schema, .name = "conf_orders"});
  ASSERT_TRUE(by_schema) << by_schema.error().message;
  EXPECT_EQ(by_schema->name, by_default.name);
}

TEST_P(Conformance, DescribesKeys) {
  make_table("conf_heap", "(a integer, b varchar(20))");
  EXPECT_EQ(described("conf_heap").primary_key, Names{});
  make_table("conf_textkey", "(b integer, code varchar(20) NOT NULL PRIMARY KEY)");
  EXPECT_EQ(described("conf_textkey").primary_key, Names{"code"});
  make_table("conf_intkey", "(id integer NOT NULL PRIMARY KEY, b integer)");
  const auto table = described("conf_intkey");
  EXPECT_EQ(table.primary_key, Names{"id"});
  EXPECT_FALSE(table.columns.at(0).nullable);
}

TEST_P(Conformance, DescribesIndexes) {
  const auto quoted =
      make_table("conf_indexed", "(id integer NOT NULL PRIMARY KEY, email varchar(50) NOT NULL, a integer, b integer)");
  execute("CREATE UNIQUE INDEX conf_by_email ON " + quoted + " (email)");
  execute("CREATE INDEX conf_by_b_a ON " + quoted + " (b, a)");
  const auto table = described("conf_indexed");
  EXPECT_EQ(table.indexes.size(), 3u);
  const auto* key = index_over(table, {"id"});
  const auto* email = index_over(table, {"email"});
  const auto* pair = index_over(table, {"b", "a"});
  ASSERT_TRUE(key) << "the primary key's index is among them";
  EXPECT_TRUE(key->unique);
  ASSERT_TRUE(email);
  EXPECT_TRUE(email->unique);
  EXPECT_EQ(email->name, "conf_by_email");
  ASSERT_TRUE(pair) << "columns in index order";
  EXPECT_FALSE(pair->unique);
}

TEST_P(Conformance, DescribesAView) {
  const auto quoted = make_table("conf_base", "(id integer NOT NULL PRIMARY KEY, name varchar(20), hidden integer)");
  execute("INSERT INTO " + quoted + " VALUES (1, 'one', 7)");
  make_view("conf_view", "SELECT name, id FROM " + quoted);
  const auto view = described("conf_view");
  EXPECT_EQ(view.relation, Relation::view);
  EXPECT_EQ(columns_of(view), (Names{"name", "id"}));
  EXPECT_EQ(view.primary_key, Names{});
  EXPECT_EQ(first(select(view)), Names{"one"});
}

TEST_P(Conformance, AMissingTableNamesTheNearest) {
  make_table("conf_orders", "(id integer NOT NULL PRIMARY KEY)");
  for (const std::string name : {"conf_ordres", "Conf_Orders", "conf_order"}) {
    SCOPED_TRACE(name);
    const auto table = session_->describe({.schema = {}, .name = name});
    ASSERT_FALSE(table) << "names are matched exactly";
    EXPECT_EQ(table.error().recourse, Recourse::ask_operator);
    EXPECT_NE(table.error().message.find(name), std::string::npos) << table.error().message;
    EXPECT_NE(table.error().message.find("conf_orders"), std::string::npos) << table.error().message;
    expect_clean(table.error());
  }
  const auto schema = session_->describe({.schema = "conf_no_such_schema", .name = "conf_orders"});
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().recourse, Recourse::ask_operator);
  EXPECT_TRUE(session_->describe({.schema = {}, .name = "conf_orders"})) << "the session stays usable";
}

TEST_P(Conformance, ListsTablesAndViews) {
  const auto quoted = make_table("conf_b", "(id integer NOT NULL PRIMARY KEY)");
  make_table("conf_a", "(id integer NOT NULL PRIMARY KEY)");
  make_view("conf_c", "SELECT id FROM " + quoted);
  for (const auto& schema : {std::string(), described("conf_a").name.schema}) {
    const auto list = session_->tables(schema);
    ASSERT_TRUE(list) << list.error().message;
    Names ours;
    for (const auto& name : *list) {
      if (name.name.starts_with("conf_")) ours.push_back(name.name);
      EXPECT_TRUE(session_->describe(name)) << name.schema << " " << name.name << ": what is listed can be described";
    }
    EXPECT_EQ(ours, (Names{"conf_a", "conf_b", "conf_c"})) << "in name order, each once";
  }
}

TEST_P(Conformance, ColumnNamesOfEveryShape) {
  std::string columns;
  std::string values;
  for (std::size_t i = 0; i < odd_names.size(); ++i) {
    columns += (i == 0 ? "(" : ", ") + quote(odd_names[i]) + " integer";
    values += (i == 0 ? "" : ", ") + std::to_string(i);
  }
  const auto quoted = make_table("conf_odd", columns + ")");
  execute("INSERT INTO " + quoted + " VALUES (" + values + ")");
  const auto table = described("conf_odd");
  EXPECT_EQ(columns_of(table), odd_names);
  const auto answer = rows(select(table));
  ASSERT_EQ(answer.size(), 1u);
  for (std::size_t i = 0; i < odd_names.size(); ++i) {
    SCOPED_TRACE(odd_names[i]);
    EXPECT_EQ(answer[0].at(i).text, std::to_string(i));
    EXPECT_EQ(name_of(answer[0].at(i).kind), "integer");
    Query query = select(table);
    query.sql += "WHERE " + quote(odd_names[i]) + " = " + GetParam().placeholder(1);
    query.params = {{.kind = Kind::integer, .text = std::to_string(i)}};
    EXPECT_EQ(rows(query).size(), 1u);
  }
}

TEST_P(Conformance, TableNamesOfEveryShape) {
  for (const auto& odd : odd_names) {
    const auto name = odd + " conf";
    SCOPED_TRACE(name);
    const auto quoted = make_table(name, "(id integer NOT NULL PRIMARY KEY, v varchar(10))");
    execute("INSERT INTO " + quoted + " VALUES (7, 'x')");
    const auto table = described(name);
    EXPECT_EQ(table.name.name, name);
    EXPECT_EQ(table.primary_key, Names{"id"});
    EXPECT_EQ(table.indexes.size(), 1u);
    const auto answer = rows(select(table, "WHERE id = ?", {{.kind = Kind::integer, .text = "7"}}));
    ASSERT_EQ(answer.size(), 1u);
    EXPECT_EQ(answer[0].at(1).text, "x");
  }
}

}  // namespace vhookd::conformance
