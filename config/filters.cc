#include "config/filters.h"

#include <array>
#include <nlohmann/json.hpp>

#include "config/scalars.h"
#include "config/spelling.h"
#include "config/units.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

constexpr std::size_t most_values = 1000;     // in one list: each is a bound parameter
constexpr std::size_t most_conditions = 100;  // in one webhook

constexpr std::array operators = {Op::eq,  Op::ne, Op::gt,     Op::gte,  Op::lt,
                                  Op::lte, Op::in, Op::not_in, Op::like, Op::is_null};

// A value to bind, and the same as JSON.
struct Literal {
  Param param;
  std::string json;
};

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump();
}

// A number in the one form that SQL and JSON both take: 5, -0.5, 1.0e3.
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
  return Literal{{Kind::text, false, value}, json_text(text->has_references() ? text->written : value)};
}

std::optional<Literal> read_literal(const Input& in) {
  const Node& node = *in.node;
  if (node.type == Node::Type::null) {
    in.wrong("null is equal to nothing; write {is_null: true} or {is_null: false}");
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
      in.wrong(node.text + " is a boolean to some and text to others; write true or false, or put it in quotes");
      return std::nullopt;
    case Plain::grouped:
      in.wrong(in_quotes(node.text) + " is no number; leave out the _, or put it in quotes if the text is meant");
      return std::nullopt;
    case Plain::text:
    case Plain::octal_looking:
    case Plain::non_finite:
      break;  // read_text takes the first and refuses the others
  }
  return read_text_literal(in);
}

class Reader {
 public:
  // `col: value`, `col: [a, b]`, `col: null`, `col: {op: value, …}`
  void column(const Input& in, const std::string& name) {
    column_ = name;
    json_ += (json_.empty() ? "" : ",") + json_text(name) + ":";
    switch (in.node->type) {
      case Node::Type::refused:
        break;  // entries_of leaves it out
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

  bool whole() const { return whole_; }
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
    walk(in, table, [&](std::size_t index, const Input& value) {
      json_ += (std::exchange(first, false) ? "" : ",") + json_text(known[index].name) + ":";
      ++read_;
      condition(value, operators[index]);
    });
    json_ += "}";
    if (read_ - errors_before != in.node->entries.size()) whole_ = false;  // walk said which and why
    if (in.node->entries.empty()) wrong(in, "an empty condition; write a value, or one of " + operator_names());
  }

  void condition(const Input& in, Op op) {
    if (op == Op::in || op == Op::not_in) return list(in, op);
    if (op == Op::is_null) return null_test(in);
    const auto literal =
        op == Op::like && in.node->type == Node::Type::quoted ? read_text_literal(in) : read_literal(in);
    if (!literal) {
      whole_ = false;
    } else if (op == Op::like && literal->param.kind != Kind::text) {
      wrong(in, "must be text, a pattern with % and _; put it in quotes");
    } else if (op != Op::eq && op != Op::ne && literal->param.kind == Kind::boolean) {
      wrong(in, "a boolean is neither less nor greater; use eq or ne");
    } else {
      add(op, {*literal});
    }
  }

  void null_test(const Input& in) {
    const auto yes = boolean().read(in);
    if (yes) add(Op::is_null, {Literal{{Kind::boolean, false, *yes ? "t" : "f"}, *yes ? "true" : "false"}});
    whole_ = whole_ && yes;
  }

  void list(const Input& in, Op op) {
    if (in.node->type != Node::Type::list) return wrong(in, "must be a list of values, as [a, b]");
    if (in.node->items.empty()) return wrong(in, "an empty list matches nothing; give it values, or leave it out");
    if (in.node->items.size() > most_values)
      return wrong(in, "more than " + std::to_string(most_values) + " values; use a range, or several webhooks");
    std::vector<Literal> literals;
    for (std::size_t i = 0; i < in.node->items.size(); ++i)
      if (auto literal = read_literal(in.item(i))) literals.push_back(std::move(*literal));
    if (literals.size() != in.node->items.size()) whole_ = false;
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
    whole_ = false;
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
  bool whole_ = true;
};

std::optional<Filters> read_filters(const Input& in) {
  const auto columns = entries_of(in, "columns and conditions");
  Reader reader;
  for (const auto& [name, value] : columns) {
    if (name.empty()) value.wrong("has no column name");
    if (name.empty()) return std::nullopt;
    reader.column(value, name);
  }
  const bool is_map = in.node->type == Node::Type::map || in.node->type == Node::Type::null;
  if (!reader.whole() || !is_map || columns.size() != in.node->entries.size()) return std::nullopt;
  Filters filters = reader.take();
  if (filters.conditions.size() <= most_conditions) return filters;
  in.wrong("more than " + std::to_string(most_conditions) + " conditions");
  return std::nullopt;
}

}  // namespace

Form<Filters> filters() {
  using nlohmann::json;
  const json value = {{"type", {"string", "number", "boolean"}}};
  const json list = {{"type", "array"}, {"items", value}, {"minItems", 1}, {"maxItems", most_values}};
  json properties, patterns;
  for (const Op op : operators) {
    patterns["^(" + joined(other_spellings(name_of(op)), "|") + ")$"] = true;
    json& schema = properties[std::string(name_of(op))] = value;
    if (op == Op::in || op == Op::not_in) schema = list;
    if (op == Op::is_null) schema = {{"type", "boolean"}};
    if (op == Op::like) schema = {{"type", "string"}};
  }
  const json conditions = {{"type", "object"},
                           {"properties", properties},
                           {"patternProperties", patterns},
                           {"additionalProperties", false},
                           {"minProperties", 1}};
  const json null = {{"type", "null"}};
  const json schema = {{"type", {"object", "null"}},
                       {"additionalProperties", {{"anyOf", {value, list, null, conditions}}}}};
  return {schema.dump(), read_filters};
}

}  // namespace vhookd::config
