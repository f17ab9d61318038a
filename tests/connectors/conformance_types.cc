// Every type a database has, on its way through the connector: kind and text, exactly.
#include "tests/connectors/conformance.h"

namespace vhookd::conformance {

namespace {

std::string shown(Kind kind, Kind element, bool null, const std::string& text) {
  if (null) return "NULL";
  std::string out(name_of(kind));
  if (kind == Kind::array) out += " of " + std::string(name_of(element));
  return out + " " + ::testing::PrintToString(text);
}

bool exactly_comparable(Kind kind) {
  switch (kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::boolean:
    case Kind::timestamp:
    case Kind::timestamptz:
    case Kind::binary:
    case Kind::hex:
      return true;
    default:
      return false;
  }
}

}  // namespace

// All that is wrong is said in one run: a table of types is put right faster that way.
TEST_P(Conformance, EveryTypeArrivesAsItIs) {
  for (const auto& type : GetParam().types) {
    SCOPED_TRACE(type.name + ": " + type.type + " " + type.literal);
    try {
      const auto quoted = make_table("conf_type", "(v " + type.type + ")");
      execute("INSERT INTO " + quoted + " (v) VALUES (" + type.literal + ")");
    } catch (const std::exception& e) {
      ADD_FAILURE() << "the case itself is wrong: " << e.what();
      continue;
    }
    const auto table = described("conf_type");
    if (table.columns.size() != 1) {
      ADD_FAILURE() << table.columns.size() << " columns described, not 1";
      continue;
    }
    const auto answer = rows(select(table));
    if (answer.size() != 1 || answer[0].size() != 1) {
      ADD_FAILURE() << "not one value came back";
      continue;
    }
    const auto& cell = answer[0][0];
    EXPECT_EQ(shown(cell.kind, cell.element, cell.null, cell.text),
              shown(type.kind, type.element, type.null, type.text));
    if (type.null && !type.described) continue;
    EXPECT_EQ(name_of(table.columns[0].kind), name_of(type.described.value_or(type.kind))) << "as described";
  }
}

TEST_P(Conformance, AValueBoundBackFindsItsRow) {
  for (const auto& type : GetParam().types) {
    if (type.null || !type.finds_itself.value_or(exactly_comparable(type.kind))) continue;
    SCOPED_TRACE(type.name + ": " + type.type + " " + type.literal);
    const auto quoted = make_table("conf_type", "(v " + type.type + ")");
    execute("INSERT INTO " + quoted + " (v) VALUES (" + type.literal + ")");
    const auto table = described("conf_type");
    const auto whole = rows(select(table));
    if (whole.size() != 1) continue;  // said by the test above
    const Param param{.kind = whole[0].at(0).kind, .null = false, .text = whole[0].at(0).text};
    EXPECT_EQ(rows(select(table, "WHERE v = ?", {param})).size(), 1u) << "=";
    EXPECT_EQ(rows(select(table, "WHERE v >= ?", {param})).size(), 1u) << ">=";
    EXPECT_EQ(rows(select(table, "WHERE v > ?", {param})).size(), 0u) << ">";
  }
}

TEST_P(Conformance, NullIsNullInEveryType) {
  for (const auto& type : GetParam().types) {
    SCOPED_TRACE(type.name + ": " + type.type);
    try {
      const auto quoted = make_table("conf_type", "(id integer, v " + type.type + ")");
      execute("INSERT INTO " + quoted + " (id, v) VALUES (1, NULL)");
    } catch (const std::exception&) {
      continue;  // said by the first test, or a type that must not be NULL
    }
    const auto table = described("conf_type");
    if (table.columns.size() != 2 || !table.columns[1].nullable) continue;
    const auto answer = rows(select(table));
    ASSERT_EQ(answer.size(), 1u);
    EXPECT_TRUE(answer[0].at(1).null);
    EXPECT_EQ(answer[0].at(1).text, "");
  }
}

}  // namespace vhookd::conformance
