#include "config/filters.h"

#include <array>

#include "config/json_text.h"
#include "config/scalars.h"
#include "config/spelling.h"
#include "config/units.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

constexpr std::size_t most_values = 1000;     // in one list; each becomes a bound parameter
constexpr std::size_t most_conditions = 100;  // in one webhook

constexpr std::array operators = {Op::eq,  Op::ne, Op::gt,     Op::gte,  Op::lt,
                                  Op::lte, Op::in, Op::not_in, Op::like, Op::is_null};

// A value as a bound parameter and as JSON.
struct Literal {
  Param param;
  std::string json;
};

// A number in a form that is valid in both SQL and JSON: 5, -0.5, 1.0e3.
std::string plain_number(std::string text) {
  if (text.starts_with('+')) text.erase(0, 1);
  if (text == "-0") return "0";
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text;
  const auto digit_at = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  if (!digit_at(point + 1)) text.insert(point + 1, "0");
  if (point == 0 || !digit_at(point - 1)) text.insert(point, "0");
  return text;
}

std::optional<Literal> read_text_literal(const Input& in) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  const std::string value = text->value();
  return Literal{{Kind::text, false, value}, json_string(text->has_references() ? text->written : value)};
}

std::optional<Literal> read_literal(const Input& in) {
  const Node& node = *in.node;
  if (node.type == Node::Type::null) {
    in.wrong("null cannot be compared; write {is_null: true} or {is_null: false}");
    return std::nullopt;
  }
  if (node.type != Node::Type::plain) return read_text_literal(in);
  const std::string number = plain_number(node.text);
  switch (plain_kind(node.text)) {
    case Plain::boolean: {
      const bool yes = node.text[0] == 't' || node.text[0] == 'T';
      return Literal{{Kind::boolean, false, yes ? "t" : "f"}, yes ? "true" : "false"};
    }
    case Plain::integer:
      return Literal{{Kind::integer, false, number}, number};
    case Plain::number: {
      const Kind kind = number.find_first_of("eE") == std::string::npos ? Kind::decimal : Kind::real;
      return Literal{{kind, false, number}, number};
    }
    case Plain::loose_boolean:
      in.wrong(node.text +
               " is a boolean for some YAML parsers and text for others; write true or false, or put it in quotes");
      return std::nullopt;
    case Plain::grouped:
      in.wrong(in_quotes(node.text) + " is not a number; leave out the _, or put it in quotes if you mean text");
      return std::nullopt;
    case Plain::text:
    case Plain::octal_looking:
    case Plain::non_finite:
      break;  // read_text accepts text and rejects the other two
  }
  return read_text_literal(in);
}

class Reader {
 public:
  // `col: value`, `col: [a, b]`, `col: null`, `col: {op: value, …}`
  void column(const Input& in, const std::string& name) {
    column_ = name;
    json_ += (json_.empty() ? "" : ",") + json_string(name) + ":";
    switch (in.node->type) {
      case Node::Type::rejected:
        break;  // already reported and left out
      case Node::Type::null:
        add(Op::is_null, {Literal{{Kind::boolean, false, "t"}, "null"}});
        break;
      case Node::Type::list:
        condition(in, Op::in);
        break;
      case Node::Type::map:
        conditions(in);
        break;
      case Node::Type::plain:
      case Node::Type::quoted:
        condition(in, Op::eq);
        break;
    }
  }

  bool valid() const { return valid_; }
  Filters take() { return {std::move(conditions_), json_.empty() ? "" : "{" + json_ + "}"}; }

 private:
  void conditions(const Input& in) {
    std::vector<KeyInfo> known;
    for (const Op op : operators) known.push_back({std::string(name_of(op)), "", "{}", false});
    KeyTable table;
    for (const KeyInfo& info : known) table.push_back(&info);
    json_ += "{";
    bool first = true;
    const std::size_t errors_before = read_;
    read_entries(in, table, [&](std::size_t index, const Input& value) {
      json_ += (std::exchange(first, false) ? "" : ",") + json_string(known[index].name) + ":";
      ++read_;
      condition(value, operators[index]);
    });
    json_ += "}";
    if (read_ - errors_before != in.node->entries.size()) valid_ = false;  // read_entries reported them
    if (in.node->entries.empty()) wrong(in, "empty condition; write a value, or use one of " + operator_names());
  }

  void condition(const Input& in, Op op) {
    if (op == Op::in || op == Op::not_in) return list(in, op);
    if (op == Op::is_null) return null_test(in);
    const auto literal =
        op == Op::like && in.node->type == Node::Type::quoted ? read_text_literal(in) : read_literal(in);
    if (!literal) {
      valid_ = false;
    } else if (op == Op::like && literal->param.kind != Kind::text) {
      wrong(in, "must be a text pattern with % and _; put it in quotes");
    } else if (op != Op::eq && op != Op::ne && literal->param.kind == Kind::boolean) {
      wrong(in, "booleans have no order; use eq or ne");
    } else {
      add(op, {*literal});
    }
  }

  void null_test(const Input& in) {
    const auto yes = boolean().read(in);
    if (yes) add(Op::is_null, {Literal{{Kind::boolean, false, *yes ? "t" : "f"}, *yes ? "true" : "false"}});
    valid_ = valid_ && yes;
  }

  void list(const Input& in, Op op) {
    if (in.node->type != Node::Type::list) return wrong(in, "must be a list of values, such as [a, b]");
    if (in.node->items.empty()) return wrong(in, "an empty list matches no rows; add values, or remove the condition");
    if (in.node->items.size() > most_values)
      return wrong(in, "has more than " + std::to_string(most_values) + " values; use a range, or several webhooks");
    std::vector<Literal> literals;
    for (std::size_t i = 0; i < in.node->items.size(); ++i)
      if (auto literal = read_literal(in.item(i))) literals.push_back(std::move(*literal));
    if (literals.size() != in.node->items.size()) valid_ = false;
    add(op, literals);
  }

  void add(Op op, const std::vector<Literal>& literals) {
    std::vector<Param> values;
    std::vector<std::string> texts;
    for (const Literal& literal : literals) {
      values.push_back(literal.param);
      texts.push_back(literal.json);
    }
    const bool as_list = op == Op::in || op == Op::not_in;
    json_ += as_list ? "[" + joined(texts, ",") + "]" : joined(texts, ",");
    conditions_.push_back({column_, op, std::move(values)});
  }

  void wrong(const Input& in, const std::string& what) {
    in.wrong(what);
    valid_ = false;
  }

  static std::string operator_names() {
    std::vector<std::string> names;
    for (const Op op : operators) names.emplace_back(name_of(op));
    return joined(names);
  }

  std::vector<Filter> conditions_;
  std::string json_;
  std::string column_;
  std::size_t read_ = 0;
  bool valid_ = true;
};

std::optional<Filters> read_filters(const Input& in) {
  const auto columns = named_entries(in, "columns and conditions");
  Reader reader;
  for (const auto& [name, value] : columns) {
    if (name.empty()) value.wrong("has no column name");
    if (name.empty()) return std::nullopt;
    reader.column(value, name);
  }
  const bool is_map = in.node->type == Node::Type::map || in.node->type == Node::Type::null;
  if (!reader.valid() || !is_map || columns.size() != in.node->entries.size()) return std::nullopt;
  Filters filters = reader.take();
  if (filters.conditions.size() <= most_conditions) return filters;
  in.wrong("has more than " + std::to_string(most_conditions) + " conditions; use several webhooks");
  return std::nullopt;
}

}  // namespace

ValueType<Filters> filters() {
  const std::string value = R"({"type":["string","number","boolean"]})";
  const std::string list = json_object(
      {{"type", R"("array")"}, {"items", value}, {"minItems", "1"}, {"maxItems", std::to_string(most_values)}});
  std::map<std::string, std::string> properties;
  std::map<std::string, std::string> patterns;
  for (const Op op : operators) {
    patterns["^(" + joined(other_spellings(name_of(op)), "|") + ")$"] = "true";
    std::string& schema = properties[std::string(name_of(op))] = value;
    if (op == Op::in || op == Op::not_in) schema = list;
    if (op == Op::is_null) schema = R"({"type":"boolean"})";
    if (op == Op::like) schema = R"({"type":"string"})";
  }
  const std::string conditions = json_object({{"type", R"("object")"},
                                              {"properties", json_object(properties)},
                                              {"patternProperties", json_object(patterns)},
                                              {"additionalProperties", "false"},
                                              {"minProperties", "1"}});
  const std::string any = any_of_schema({value, list, R"({"type":"null"})", conditions});
  return {json_object({{"type", R"(["object","null"])"}, {"additionalProperties", any}}), read_filters};
}

}  // namespace vhookd::config
